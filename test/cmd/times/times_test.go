package main

import (
	"strings"
	"testing"
)

// passed has a test whose parallel subtest takes all of its time, and one that waits for its
// turn.
const passed = `{"Action":"start","Package":"m/a"}
{"Time":"2026-01-01T00:00:00Z","Action":"run","Package":"m/a","Test":"TestTwo"}
{"Time":"2026-01-01T00:00:00Z","Action":"pause","Package":"m/a","Test":"TestTwo"}
{"Time":"2026-01-01T00:00:00Z","Action":"run","Package":"m/a","Test":"TestOne"}
{"Time":"2026-01-01T00:00:00Z","Action":"run","Package":"m/a","Test":"TestOne/part"}
{"Time":"2026-01-01T00:00:10Z","Action":"pass","Package":"m/a","Test":"TestOne/part","Elapsed":9}
{"Time":"2026-01-01T00:00:10Z","Action":"pass","Package":"m/a","Test":"TestOne","Elapsed":0.01}
{"Time":"2026-01-01T00:00:10Z","Action":"cont","Package":"m/a","Test":"TestTwo"}
{"Time":"2026-01-01T00:00:12.4Z","Action":"pass","Package":"m/a","Test":"TestTwo","Elapsed":2}
{"Time":"2026-01-01T00:00:12.4Z","Action":"pass","Package":"m/a","Elapsed":12.4}
ok  	what is no JSON
{"Time":"2026-01-01T00:00:00Z","Action":"run","Package":"m/b","Test":"TestB"}
{"Time":"2026-01-01T00:00:00Z","Action":"pass","Package":"m/b","Test":"TestB","Elapsed":0}
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
	err := run(strings.NewReader(passed+`{"Action":"output","Package":"m/a","Test":"TestTwo","Output":"    fine\n"}
{"Action":"output","Package":"m/a","Test":"TestThree","Output":"    a_test.go:7: why\n"}
{"Action":"pass","Package":"m/a","Test":"TestTwo"}
{"Action":"fail","Package":"m/a","Test":"TestThree"}`), &out)
	if err == nil || !strings.Contains(err.Error(), "m/a TestThree:\n    a_test.go:7: why") || strings.Contains(err.Error(), "fine") || out.Len() > 0 {
		t.Errorf("of a failed run: %v, %q", err, out.String())
	}
}
