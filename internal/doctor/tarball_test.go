package doctor

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestTarball: what is written is read again by archive/tar, and by the tar of this machine.
func TestTarball(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	ball := tarball{&out, at}
	long := strings.Repeat("folder/", 60) + "ä file"
	files := []struct{ name, content string }{
		{"empty", ""}, {"one", "x"}, {"nearly a block", strings.Repeat("y", tarBlock-1)}, {"a block", strings.Repeat("z", tarBlock)}, {"more", strings.Repeat("ab", tarBlock)},
		{strings.Repeat("n", 100), "as long as fits"}, {strings.Repeat("n", 101), "one too long"}, {long, "long"}, {"last", "\x00binary\xff"},
	}
	for _, f := range files {
		if err := ball.file(f.name, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := ball.end(); err != nil {
		t.Fatal(err)
	}
	reader := tar.NewReader(bytes.NewReader(out.Bytes()))
	for _, f := range files {
		h, err := reader.Next()
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		content, err := io.ReadAll(reader)
		if err != nil || h.Name != f.name || string(content) != f.content || h.Mode != 0o600 || !h.ModTime.Equal(at) || h.Typeflag != tar.TypeReg {
			t.Errorf("%+v, %q, %v", h, content, err)
		}
	}
	if h, err := reader.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("one more: %+v, %v", h, err)
	}
	list := exec.Command("tar", "-tf", "-", "--quoting-style=literal")
	list.Stdin = &out
	said, err := list.CombinedOutput()
	if err != nil || !strings.Contains(string(said), long+"\nlast\n") {
		t.Errorf("tar: %v: %s", err, said)
	}
}

// TestTarballThatCannotBeWritten: the error of what it writes to is its own.
func TestTarballThatCannotBeWritten(t *testing.T) {
	reading, full := io.Pipe()
	reading.CloseWithError(io.ErrShortWrite)
	ball := tarball{full, time.Now()}
	for _, err := range []error{ball.file("x", "y"), ball.file(strings.Repeat("x", 200), "y"), ball.end()} {
		if !errors.Is(err, io.ErrShortWrite) {
			t.Error(err)
		}
	}
}
