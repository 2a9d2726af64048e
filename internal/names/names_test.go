package names_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/names"
)

func TestOf(t *testing.T) {
	for _, h := range []names.Handler{names.Ours(), names.Microsoft(), names.Older(), {Type: "Alone"}} {
		full := h.Full()
		if h.Publisher == "" {
			full = h.Type
		}
		if got := names.Of(full); got != h {
			t.Errorf("%s is taken apart as %+v", full, got)
		}
	}
}

// TestOnePlace: handlers are named here and nowhere else in the product, so that publishing
// it under another name changes one thing.
func TestOnePlace(t *testing.T) {
	known := []string{names.Microsoft().Publisher, names.Microsoft().Type, names.Older().Type}
	seen := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == "../../test" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && d.Name() != ".") {
			return filepath.SkipDir
		}
		unit := strings.HasPrefix(path, "../../misc/units/") || path == "../../misc/launcher" || path == "../../Makefile" || path == "../../misc/manifest.xml"
		program := strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go")
		if d.IsDir() || !unit && !program || path == "../../internal/names/names.go" {
			return nil
		}
		seen++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, name := range known {
			if strings.Contains(string(text), name) {
				t.Errorf("%s names %s", path, name)
			}
		}
		return nil
	})
	if err != nil || seen < 50 {
		t.Fatalf("%d files were looked at: %v", seen, err)
	}
	// That the table itself has them, by the same way of looking.
	table, err := os.ReadFile("names.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range known {
		if !strings.Contains(string(table), name) {
			t.Errorf("the table does not have %s", name)
		}
	}
}
