package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAccepted(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	report := fmt.Sprintf(`{"Issues":[{"rule_id":"G1","file":%q,"line":"7","code":"6: x\n7: \tf.Close()\n8: y\n"}]}`, filepath.Join(here, "a.go"))
	for content, ok := range map[string]bool{
		"G1\ta.go\tf.Close()\tit is read only\n": true,
		"":                                       false,
		"G1\ta.go\tf.Close()\t?\n":               false,
		"G1\tb.go\tf.Close()\tit is read only\n": false,
		"G1\ta.go\tf.Close()\ty\nG2\tx.go\tgone()\ty\n": false,
		"G1 a.go f.Close() y\n":                         false,
	} {
		path := filepath.Join(t.TempDir(), "accepted")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(strings.NewReader(report), path, false); (err == nil) != ok {
			t.Errorf("%q: %v", content, err)
		}
	}
	if err := run(strings.NewReader("no JSON"), "x", false); err == nil {
		t.Error("a report that is none is taken")
	}
}
