package logging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

func TestOpenAppends(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, FileName)
	must(t, os.WriteFile(path, []byte("before\n"), 0o644))
	for _, line := range []string{"first run", "second run"} {
		l, closed, err := Open(folder)
		must(t, err)
		l.Infof("%s", line)
		must(t, closed())
	}
	got := read(t, path)
	if !strings.HasPrefix(got, "before\n") || !strings.Contains(got, "first run") || !strings.Contains(got, "second run") || strings.Count(got, "\n") != 3 {
		t.Errorf("the log is %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
}

// TestOpenHostile: nothing but a regular file of ours is written to, and the
// logger is usable all the same.
func TestOpenHostile(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(folder, path, victim string) error
		wrong   error // nil: any
	}{
		{"folder missing", func(folder, _, _ string) error { return os.Remove(folder) }, fs.ErrNotExist},
		{"folder is a file", func(folder, _, _ string) error {
			return errors.Join(os.Remove(folder), os.WriteFile(folder, nil, 0o600))
		}, syscall.ENOTDIR},
		{"symlink", func(_, path, victim string) error { return os.Symlink(victim, path) }, syscall.ELOOP},
		{"dangling symlink", func(_, path, victim string) error { return os.Symlink(victim+"2", path) }, syscall.ELOOP},
		{"hard link", func(_, path, victim string) error { return os.Link(victim, path) }, nil},
		{"directory", func(_, path, _ string) error { return os.Mkdir(path, 0o700) }, syscall.EISDIR},
		{"FIFO", func(_, path, _ string) error { return syscall.Mkfifo(path, 0o600) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			folder, victim := filepath.Join(parent, "log"), filepath.Join(parent, "victim")
			must(t, os.Mkdir(folder, 0o755))
			must(t, os.WriteFile(victim, []byte("precious"), 0o644))
			must(t, c.prepare(folder, filepath.Join(folder, FileName), victim))
			l, closed, err := Open(folder)
			if err == nil || !strings.Contains(err.Error(), folder) || (c.wrong != nil && !errors.Is(err, c.wrong)) {
				t.Errorf("the error is %v, want %v and the path", err, c.wrong)
			}
			l.Infof("into the void")
			if err := closed(); err != nil {
				t.Errorf("closing what was not opened: %v", err)
			}
			if info, err := os.Stat(victim); err != nil || info.Mode() != 0o644 || read(t, victim) != "precious" {
				t.Errorf("the other file was touched")
			}
			if _, err := os.Stat(victim + "2"); err == nil {
				t.Error("the symlink's target was made")
			}
		})
	}
}

// TestRotate: there are at most two files, none above the limit, with the newest lines.
func TestRotate(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, FileName)
	agents := filepath.Join(folder, "CommandExecution.log")
	must(t, os.WriteFile(agents, []byte("agent"), 0o600))
	const limit, lines = 1000, 100
	f, err := openFile(path, limit)
	must(t, err)
	for i := range lines {
		fmt.Fprintf(f, "%029d\n", i)
	}
	must(t, f.close())
	both := read(t, path+".1") + read(t, path)
	for _, p := range []string{path, path + ".1"} {
		if info, err := os.Stat(p); err != nil || info.Size() == 0 || info.Size() > limit || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	// Without a gap up to the last line.
	first := lines - len(both)/30
	for i := first; i < lines; i++ {
		if !strings.Contains(both, fmt.Sprintf("%029d\n", i)) {
			t.Errorf("line %d is lost", i)
		}
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 3 || read(t, agents) != "agent" {
		t.Errorf("the folder holds %v", entries)
	}
}

// TestRotateAtOpen: a file that is already full is renamed by the first line, even with
// something hostile in the way.
func TestRotateAtOpen(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, FileName)
	victim := filepath.Join(t.TempDir(), "victim")
	must(t, os.WriteFile(victim, []byte("precious"), 0o600))
	must(t, os.Symlink(victim, path+".1"))
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, os.Truncate(path, sizeLimit))
	l, closed, err := Open(folder)
	must(t, err)
	l.Infof("after")
	must(t, closed())
	if got := read(t, path); !strings.Contains(got, "after") || len(got) > 1000 {
		t.Errorf("the log has %d bytes", len(got))
	}
	if info, err := os.Lstat(path + ".1"); err != nil || info.Size() != sizeLimit {
		t.Errorf("handler.log.1 is %v, %v", info, err)
	}
	if read(t, victim) != "precious" {
		t.Error("the symlink was followed")
	}
}

// TestRotateImpossible: logging continues in the old file, and closing it says why it grew.
func TestRotateImpossible(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	must(t, os.MkdirAll(filepath.Join(path+".1", "in the way"), 0o700))
	f, err := openFile(path, 10)
	must(t, err)
	for range 3 {
		if n, err := f.Write([]byte("12345678\n")); n != 9 || err != nil {
			t.Errorf("writing: %d, %v", n, err)
		}
	}
	if err := f.close(); err == nil {
		t.Error("closing did not say that the log could not be set aside")
	}
	if got := read(t, path); len(got) != 27 {
		t.Errorf("the log is %q", got)
	}
}

// TestRotateByTwo: two runs share the file; each line of both arrives whole.
func TestRotateByTwo(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	a, err := openFile(path, 1000)
	must(t, err)
	b, err := openFile(path, 1000)
	must(t, err)
	var both sync.WaitGroup
	for i, f := range []*file{a, b} {
		both.Go(func() {
			for n := range 500 {
				fmt.Fprintf(f, "run %d line %05d\n", i, n)
			}
		})
	}
	both.Wait()
	must(t, a.close())
	must(t, b.close())
	for _, line := range strings.Split(strings.TrimSpace(read(t, path)), "\n") {
		if len(line) != len("run 0 line 00000") {
			t.Errorf("broken line %q", line)
		}
	}
}

// TestFullDisk: a write that fails is reported at the end and nowhere else.
// /dev/full stands for the disk.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	must(t, err)
	f := &file{path: "/dev/full", limit: sizeLimit, f: full}
	l := New(f)
	stderr := os.Stderr
	r, w, err := os.Pipe()
	must(t, err)
	os.Stderr = w
	l.Errorf("does not fit")
	os.Stderr = stderr
	w.Close()
	said := make([]byte, 100)
	if n, _ := r.Read(said); n > 0 {
		t.Errorf("standard error has %q", said[:n])
	}
	if err := f.close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("closing said %v", err)
	}
}

// TestActions: a beginning, an end with its duration, and the error as it was.
func TestActions(t *testing.T) {
	var b strings.Builder
	l := New(&b)
	cause := errors.New("broken")
	if err := l.With("op", "enable").Started("work on %d", 1).Ended(nil); err != nil {
		t.Error(err)
	}
	if err := l.Started("work on %d", 2).Ended(cause); err != cause {
		t.Errorf("the error became %v", err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i, parts := range [][]string{
		{"started: work on 1", "op=enable", "level=info"},
		{"finished: work on 1", "op=enable", "took="},
		{"started: work on 2"},
		{"failed: work on 2", "error=broken", "level=error", "took="},
	} {
		for _, part := range parts {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d lacks %q: %s", i, part, lines[i])
			}
		}
	}
}
