package status

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func namesIn(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

// must ends the test where its own preparation fails.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteAndRead(t *testing.T) {
	folder := t.TempDir()
	for seq, message := range []string{"first", "second", strings.Repeat("x", 1_000_000)} {
		must(t, Write(folder, seq, Report{Operation: "Enable", Level: Success, Message: message}))
		r, err := Read(folder, seq)
		if err != nil || r.Level != Success || r.Message[:5] != message[:5] {
			t.Errorf("read back %.100v, %v", r, err)
		}
		info, err := os.Stat(filepath.Join(folder, "0.status"))
		must(t, err)
		if info.Mode() != 0o600 {
			t.Errorf("mode is %v", info.Mode())
		}
	}
	if got := namesIn(t, folder); got != "0.status 1.status 2.status" {
		t.Errorf("the folder holds %s", got)
	}
	if _, err := Read(folder, 9); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is %v", err)
	}
}

// TestSameReportIsWrittenAgain: the same report is written again, for its time.
func TestSameReportIsWrittenAgain(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "0.status")
	must(t, Write(folder, 0, Report{Level: Success}))
	before, err := os.Stat(path)
	must(t, err)
	must(t, Write(folder, 0, Report{Level: Success}))
	after, err := os.Stat(path)
	must(t, err)
	if os.SameFile(before, after) {
		t.Error("the file was not replaced")
	}
}

// TestHostileFolder: in each situation the file is written, or an error names the obstacle,
// and nothing else is left behind.
func TestHostileFolder(t *testing.T) {
	victim := func(folder string) string { return filepath.Join(filepath.Dir(folder), "victim") }
	for _, c := range []struct {
		name    string
		prepare func(folder string) error
		wrong   string // part of the error; empty: it is written
		left    string // what the folder holds then
	}{
		{"folder missing", os.Remove, "", "3.status"},
		{"parent missing", func(f string) error { return os.RemoveAll(filepath.Dir(f)) }, "cannot be made", "-"},
		{"folder is a file", func(f string) error { os.Remove(f); return os.WriteFile(f, nil, 0o600) }, "is not a folder", "-"},
		{"symlink to a file", func(f string) error {
			return errors.Join(os.WriteFile(victim(f), []byte("precious"), 0o600), os.Symlink(victim(f), filepath.Join(f, "3.status")))
		}, "", "3.status"},
		{"dangling symlink", func(f string) error { return os.Symlink("/nowhere", filepath.Join(f, "3.status")) }, "", "3.status"},
		{"directory in its place", func(f string) error { return os.Mkdir(filepath.Join(f, "3.status"), 0o700) }, "3.status is a directory", "3.status"},
		{"full directory in its place", func(f string) error { return os.MkdirAll(filepath.Join(f, "3.status", "x"), 0o700) }, "3.status is a directory", "3.status"},
		{"FIFO in its place", func(f string) error { return syscall.Mkfifo(filepath.Join(f, "3.status"), 0o600) }, "", "3.status"},
		{"unreadable old file", func(f string) error { return os.WriteFile(filepath.Join(f, "3.status"), []byte("\xff"), 0) }, "", "3.status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "parent", "status")
			must(t, os.MkdirAll(folder, 0o700))
			must(t, c.prepare(folder))
			err := Write(folder, 3, Report{Operation: "Enable", Level: Failure, Code: 22, Message: "m"})
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) || !strings.Contains(err.Error(), folder) {
					t.Errorf("the error is %v, want one with %q and the folder", err, c.wrong)
				}
			} else if err != nil {
				t.Error(err)
			} else if r, err := Read(folder, 3); err != nil || r.Code != 22 {
				t.Errorf("read back %v, %v", r, err)
			}
			if c.left != "-" {
				if got := namesIn(t, folder); got != c.left {
					t.Errorf("the folder holds %q, want %q", got, c.left)
				}
				if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
					t.Errorf("the folder's mode is %v", info.Mode())
				}
			}
			if b, err := os.ReadFile(victim(folder)); err == nil && string(b) != "precious" {
				t.Errorf("the symlink was followed: %q", b)
			}
		})
	}
}

// TestUnwritable uses /proc, in which not even root can create a file.
func TestUnwritable(t *testing.T) {
	err := Write("/proc/self", 0, Report{Level: Success})
	if err == nil || !strings.Contains(err.Error(), "could not be written") || !strings.Contains(err.Error(), "/proc/self") {
		t.Errorf("the error is %v", err)
	}
}

func TestWrongArguments(t *testing.T) {
	if err := Write(t.TempDir(), -1, Report{}); err == nil {
		t.Error("a negative sequence number was accepted")
	}
	for _, folder := range []string{"", "status", "./status"} {
		if err := Write(folder, 0, Report{}); err == nil || !strings.Contains(err.Error(), "absolute") {
			t.Errorf("folder %q: %v", folder, err)
		}
	}
}

// TestReadHostile: nothing hangs and nothing is followed.
func TestReadHostile(t *testing.T) {
	folder := t.TempDir()
	must(t, syscall.Mkfifo(filepath.Join(folder, "0.status"), 0o600))
	must(t, os.Mkdir(filepath.Join(folder, "1.status"), 0o700))
	elsewhere := t.TempDir()
	must(t, Write(elsewhere, 0, Report{Level: Success}))
	must(t, os.Symlink(filepath.Join(elsewhere, "0.status"), filepath.Join(folder, "2.status")))
	must(t, os.WriteFile(filepath.Join(folder, "3.status"), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "4.status"), nil, 0o600))
	must(t, os.Truncate(filepath.Join(folder, "4.status"), 1<<40))
	for seq := range 5 {
		if r, err := Read(folder, seq); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d: %v, %v", seq, r, err)
		}
	}
}

// TestLeftovers: what a killed run left is removed. What another run is writing, and other
// programs' files, are not.
func TestLeftovers(t *testing.T) {
	folder := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for name, aged := range map[string]bool{".3.status.1-111~": true, ".3.status.1-222~": false, "notes.1-1~": true, ".x.1-1~": true, "2.status": true} {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, nil, 0o600))
		if aged {
			must(t, os.Chtimes(path, old, old))
		}
	}
	must(t, Write(folder, 3, Report{Level: Success}))
	if got, want := namesIn(t, folder), ".3.status.1-222~ .x.1-1~ 2.status 3.status notes.1-1~"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

// TestAlwaysWhole: a reader sees a whole file while others write.
func TestAlwaysWhole(t *testing.T) {
	folder := t.TempDir()
	must(t, Write(folder, 0, Report{Level: Success}))
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for range 25 {
				if err := Write(folder, 0, Report{Level: Success, Code: i, Message: strings.Repeat("x", i*4000)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		if r, err := Read(folder, 0); err != nil || len(r.Message) != r.Code*4000 {
			t.Errorf("read %d bytes with code %d, %v", len(r.Message), r.Code, err)
		}
	}
	writers.Wait()
	if got := namesIn(t, folder); got != "0.status" {
		t.Errorf("the folder holds %s", got)
	}
}
