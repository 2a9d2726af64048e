package atomicfile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestWrite(t *testing.T) {
	dir, via := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "x")
	if err := os.Symlink("elsewhere", path); err != nil {
		t.Fatal(err)
	}
	labelled := ""
	for _, f := range []File{
		{Path: path, Content: []byte("1"), Mode: 0o640},
		{Path: path, Content: []byte("2"), Mode: 0o600, Volatile: true, Via: via, Label: func(tmp *os.File) { labelled = tmp.Name() }},
	} {
		if err := f.Write(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		info, statErr := os.Lstat(path)
		if err != nil || statErr != nil || string(b) != string(f.Content) || info.Mode() != f.Mode {
			t.Errorf("%q, %v, %v, %v", b, info.Mode(), err, statErr)
		}
	}
	if filepath.Dir(labelled) != via || !strings.HasPrefix(filepath.Base(labelled), ".x.") {
		t.Errorf("made as %s", labelled)
	}
	if _, err := os.Lstat(filepath.Join(dir, "elsewhere")); err == nil {
		t.Error("a link was followed")
	}
}

// TestFailedRename: the temporary file is removed.
func TestFailedRename(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "x", "y"), 0o755); err != nil { // no file can take the place of a folder with something in it
		t.Fatal(err)
	}
	if err := (File{Path: filepath.Join(dir, "x"), Content: []byte("1"), Mode: 0o600}).Write(); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestNoRoom: a full disk is an error, and the temporary file is removed. A limit of the
// process on the size of files simulates the disk.
func TestNoRoom(t *testing.T) {
	if dir := os.Getenv("ATOMICFILE_TEST_DIR"); dir != "" {
		limit := syscall.Rlimit{Cur: 1, Max: 1}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		if err := (File{Path: filepath.Join(dir, "x"), Content: []byte("more than fits"), Mode: 0o600}).Write(); !errors.Is(err, syscall.EFBIG) {
			t.Fatalf("%v", err)
		}
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=TestNoRoom$")
	cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_DIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}
