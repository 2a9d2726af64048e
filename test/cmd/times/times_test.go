package main

import (
	"strings"
	"testing"
)

const passed = `{"Action":"start","Package":"m/a"}
{"Action":"pass","Package":"m/a","Test":"TestOne/part","Elapsed":9}
{"Action":"pass","Package":"m/a","Test":"TestOne","Elapsed":10}
{"Action":"pass","Package":"m/a","Test":"TestTwo","Elapsed":2}
{"Action":"pass","Package":"m/a","Elapsed":12.4}
ok  	what is no JSON
{"Action":"pass","Package":"m/b","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"m/b","Elapsed":0.2}
`

func TestTable(t *testing.T) {
	var out strings.Builder
	if err := run(strings.NewReader(passed), &out); err != nil {
		t.Fatal(err)
	}
	const want = "| package | seconds | tests | the longest |\n|---|---|---|---|\n" +
		"| `a` | 12 | 2 | `TestOne` 10 |\n| 1 others, less than a second each | | | |\n| the sum; packages run side by side | 13 | 3 | |\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
	out.Reset()
	err := run(strings.NewReader(passed+`{"Action":"fail","Package":"m/a","Test":"TestThree"}`), &out)
	if err == nil || !strings.Contains(err.Error(), "m/a TestThree") || out.Len() > 0 {
		t.Errorf("of a failed run: %v, %q", err, out.String())
	}
}
