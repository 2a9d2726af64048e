// Package source reads files of this repository for tests.
package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/test/lib/scene"
)

// Path is the path of a file or folder of the repository.
func Path(t testing.TB, name string) string {
	t.Helper()
	top, err := scene.Top(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(top, name)
}

// Read is the content of a file.
func Read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Block is the shell script after a marker in a document.
func Block(t testing.TB, document, marker string) string {
	t.Helper()
	_, rest, found := strings.Cut(Read(t, document), "<!-- "+marker+" -->\n```sh\n")
	script, _, ended := strings.Cut(rest, "\n```")
	if !found || !ended {
		t.Fatalf("%s has no block %q", document, marker)
	}
	return script
}
