package elf

import (
	"bytes"
	debugelf "debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
		if got, _ := Needs(content); !slices.Equal(got, want) {
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
		libraries, folders := Needs(bytes.NewReader(content))
		for _, name := range append(libraries, folders...) {
			if len(name) > longest {
				t.Errorf("%d bytes", len(name))
			}
		}
		if n := len(Names(bytes.NewReader(content))); n > len(content)+headerSize {
			t.Errorf("%d bytes of %d", n, len(content))
		}
	})
}

// TestNames: every function that debug/elf finds in PAM's modules on this machine, and that
// libpam calls, is among the names, which are a small part of the file.
func TestNames(t *testing.T) {
	files, err := filepath.Glob("/usr/lib/*/security/pam_*.so")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d modules: %v", len(files), err)
	}
	all, kept := 0, 0
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e, err := debugelf.NewFile(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := e.DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		names := Names(bytes.NewReader(content))
		if !bytes.HasPrefix(content, names[:headerSize]) {
			t.Errorf("%s: the header is %x", name, names[:headerSize])
		}
		for _, s := range symbols {
			if strings.HasPrefix(s.Name, "pam_sm_") && !bytes.Contains(names, []byte("\x00"+s.Name+"\x00")) {
				t.Errorf("%s: %s is not there", name, s.Name)
			}
		}
		all, kept = all+len(content), kept+len(names)
	}
	if kept*4 > all {
		t.Errorf("%d of %d bytes are kept", kept, all)
	}
}
