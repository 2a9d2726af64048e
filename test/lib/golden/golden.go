// Package golden compares the result of a test with a file.
package golden

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

// Compare fails the test with the lines that differ. With UPDATE_GOLDEN=1 in the
// environment it writes the file instead, but not after something else failed.
func Compare(t testing.TB, path, got string) {
	t.Helper()
	if Update() {
		if t.Failed() {
			t.Fatalf("%s is not rendered: something above is wrong", path)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v: UPDATE_GOLDEN=1 makes it", err)
		return
	}
	if string(want) != got {
		t.Errorf("%s is stale (UPDATE_GOLDEN=1 renders it):\n%s", path, diff.Diff("file", want, "now", []byte(got)))
	}
}

// Update reports whether files have to be written instead of compared.
func Update() bool { return os.Getenv("UPDATE_GOLDEN") == "1" }
