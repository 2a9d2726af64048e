package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// skips matches what makes a test end as skipped.
var skips = regexp.MustCompile(`\.(Skip|Skipf|SkipNow)\(|testing\.Short\(`)

// go test reports a package whose tests were skipped as passed. So a test that cannot run
// everywhere has a build tag, or a file name that says for which processor it is.
func TestNothingIsSkipped(t *testing.T) {
	if !skips.MatchString(`t.Skip("needs root")`) {
		t.Fatal("a skip is not recognized")
	}
	read := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || path == "skips_test.go" {
			return err
		}
		content, err := os.ReadFile(path)
		if found := skips.Find(content); found != nil {
			t.Errorf("%s: %s...", path, found)
		}
		read++
		return err
	})
	if err != nil || read < 100 {
		t.Fatalf("%d files were read: %v", read, err)
	}
}
