package status

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// usual is a report of the size that enable writes.
func usual(level Level, code int) Report {
	return Report{Operation: "Enable", Level: level, Code: code, Message: strings.Repeat("What is wrong, and what to do next. ", 20), Substatuses: many(14, strings.Repeat("What was seen. ", 30))}
}

// TestWithoutAnotherFile runs a process that may open no more files: the report that
// follows a placeholder, an old success or the agent's own file overwrites it. The test
// program acts as the process.
func TestWithoutAnotherFile(t *testing.T) {
	if folder := os.Getenv("STATUS_TEST_FOLDER"); folder != "" {
		outOfRoom(folder)
		return
	}
	for name, before := range map[string]func(folder string) error{
		"a placeholder": func(folder string) error { return Open(folder, 3).Placeholder(Report{Level: Failure, Code: 31}) },
		"a success":     func(folder string) error { return Write(folder, 3, usual(Success, 0)) },
		"the agent's": func(folder string) error {
			const text = `[{"status": {"operation": "Enabling", "status": "transitioning", "code": 0, "name": "x", "formattedMessage": {"lang": "en-US", "message": "Install/Enable is in progress."}}, "version": "1.0", "timestampUTC": "2026-01-01T00:00:00Z"}]`
			return os.WriteFile(filepath.Join(folder, "3.status"), []byte(text), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			must(t, before(folder))
			cmd := exec.Command(os.Args[0], "-test.run=TestWithoutAnotherFile$")
			cmd.Env = append(os.Environ(), "STATUS_TEST_FOLDER="+folder)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			r, err := Read(folder, 3)
			want := usual(Failure, 26)
			if err != nil || r.Code != 26 || r.Level != Failure || r.Message != want.Message {
				t.Errorf("%v: %d %s", err, r.Code, r.Message)
			}
			if name == "a placeholder" && len(r.Substatuses) != len(want.Substatuses) {
				t.Errorf("the room is not reserved: %d of %d substatuses", len(r.Substatuses), len(want.Substatuses))
			}
			b, err := os.ReadFile(filepath.Join(folder, "3.status"))
			must(t, err)
			if err := accept(b); err != nil {
				t.Error(err)
			}
			if got := namesIn(t, folder); got != "3.status" {
				t.Errorf("the folder holds %s", got)
			}
		})
	}
}

// outOfRoom writes a report after the last file has been opened.
func outOfRoom(folder string) {
	f := Open(folder, 3)
	for {
		if _, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0); err != nil {
			break
		}
	}
	if file, err := os.Open("/dev/null"); !errors.Is(err, syscall.EMFILE) {
		fmt.Println("a file can still be opened:", file, err)
		os.Exit(1)
	}
	if err := f.Write(usual(Failure, 26)); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// TestOverwritten: a report is made to fit over the existing content, which never becomes
// shorter.
func TestOverwritten(t *testing.T) {
	for _, c := range []struct {
		name   string
		before Report
		now    Report
	}{
		{"longer over shorter", Report{Level: Success, Message: "ok"}, usual(Failure, 26)},
		{"shorter over longer", usual(Failure, 26), Report{Level: Success, Message: "ok"}},
		{"as long", usual(Failure, 26), usual(Failure, 27)},
	} {
		folder := t.TempDir()
		f := Open(folder, 3)
		must(t, f.Write(c.before))
		before, err := os.Stat(f.path())
		must(t, err)
		must(t, f.overwrite(c.now, time.Now()))
		after, err := os.Stat(f.path())
		must(t, err)
		if r, err := Read(folder, 3); err != nil || r.Code != c.now.Code || r.Message != c.now.Message {
			t.Errorf("%s: %v, %+v", c.name, err, r)
		}
		if !os.SameFile(before, after) || after.Size() < before.Size() {
			t.Errorf("%s: %d bytes became %d", c.name, before.Size(), after.Size())
		}
	}
}

// TestNotOverwritten: what is no file of ours is left as it is.
func TestNotOverwritten(t *testing.T) {
	for name, prepare := range map[string]func(path, victim string) error{
		"a link":         func(path, victim string) error { return os.Symlink(victim, path) },
		"another's file": func(path, victim string) error { return os.Link(victim, path) },
		"a FIFO":         func(path, _ string) error { return syscall.Mkfifo(path, 0o600) },
		"a huge file": func(path, victim string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
		},
		"nothing": func(string, string) error { return nil },
	} {
		folder, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
		must(t, os.WriteFile(victim, []byte("precious"), 0o600))
		must(t, prepare(file(folder, 3), victim))
		if err := Open(folder, 3).overwrite(Report{Level: Failure}, time.Now()); err == nil {
			t.Errorf("%s was written over", name)
		}
		if b, err := os.ReadFile(victim); err != nil || string(b) != "precious" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

// TestBrokenOff: an overwrite that fails halfway leaves the old report.
func TestBrokenOff(t *testing.T) {
	folder := t.TempDir()
	f := Open(folder, 3)
	must(t, f.Write(usual(Failure, 26)))
	old, err := os.ReadFile(f.path())
	must(t, err)
	longer := append([]byte("half of another report"), make([]byte, len(old))...)
	n, err := f.kept.WriteAt(longer, 0)
	must(t, err)
	must(t, f.restore(old, n))
	if b, err := os.ReadFile(f.path()); err != nil || string(b) != string(old) {
		t.Errorf("%q, %v", b, err)
	}
}

// TestSuccessGoes: a success that cannot be replaced is removed.
func TestSuccessGoes(t *testing.T) {
	if folder := os.Getenv("STATUS_TEST_FOLDER"); folder != "" {
		outOfRoom(folder)
		return
	}
	folder := t.TempDir()
	must(t, Write(folder, 3, Report{Level: Success, Message: "ok"}))
	must(t, os.Link(file(folder, 3), filepath.Join(folder, "second"))) // so it is not written over
	cmd := exec.Command(os.Args[0], "-test.run=TestSuccessGoes$")
	cmd.Env = append(os.Environ(), "STATUS_TEST_FOLDER="+folder)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "could not be written") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := namesIn(t, folder); got != "second" {
		t.Errorf("the folder holds %q", got)
	}
}
