package elf

import (
	"bytes"
	debugelf "debug/elf"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestNeeded: of this machine's own programs and libraries, what debug/elf says.
func TestNeeded(t *testing.T) {
	var files []string
	for _, pattern := range []string{"/usr/sbin/*", "/usr/bin/[a-d]*", "/usr/lib/*/lib[a-e]*.so.*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	compared := 0
	for _, name := range files {
		content, err := os.Open(name)
		if err != nil {
			continue // a dangling link
		}
		defer content.Close()
		e, err := debugelf.NewFile(content)
		if err != nil || e.Class != debugelf.ELFCLASS64 {
			continue // a script, a folder
		}
		want, err := e.ImportedLibraries()
		if err != nil {
			t.Fatal(err)
		}
		if got := Needed(content); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		compared++
	}
	if compared < 20 {
		t.Errorf("only %d programs were compared", compared)
	}
}

// FuzzNeeded: whatever a file says of itself, nothing outside of it is read.
func FuzzNeeded(f *testing.F) {
	if content, err := os.ReadFile("/bin/true"); err == nil {
		f.Add(content)
	}
	f.Add([]byte(littleEndian))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, name := range append(Needed(bytes.NewReader(content)), Paths(bytes.NewReader(content))...) {
			if len(name) > longest {
				t.Errorf("%d bytes", len(name))
			}
		}
	})
}
