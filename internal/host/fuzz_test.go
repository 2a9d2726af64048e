package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/logging"
)

// FuzzTransactionRecord: whatever the record contains, a transaction is found only if a
// running process is the one that it names.
func FuzzTransactionRecord(f *testing.F) {
	start, err := startTime(os.Getpid())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{`{"pid":1,"start":"1"}`, `{"pid":4194300,"start":""}`, `{"pid":-5}`, "null", "[]", "\x00", `{"pid":2,"start":"` + start + `","since":"x"}`} {
		f.Add([]byte(seed))
	}
	h := &Host{Root: f.TempDir(), Log: logging.Discard()}
	record := h.Path(runningFile)
	if err := os.MkdirAll(filepath.Dir(record), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(record, content, 0o600); err != nil {
			t.Fatal(err)
		}
		r, running := h.RunningTransaction()
		if !running {
			return
		}
		if now, err := startTime(r.PID); r.PID <= 1 || err == nil && now != r.Start {
			t.Errorf("found %+v, which began at %s", r, now)
		}
	})
}

// FuzzLocks: a pid file and the kernel's table of locks name a process or none, and the
// text in our own lock file is shown as one line.
func FuzzLocks(f *testing.F) {
	f.Add([]byte("3: FLOCK  ADVISORY  WRITE 314 00:19:1180 0 EOF\n"), "00:19:1180")
	f.Add([]byte("4194300\n"), "")
	f.Add([]byte("-1\n3: -> FLOCK  ADVISORY  WRITE 314 00:19:1180 0 EOF"), "00:19:1180")
	h := &Host{Root: f.TempDir(), Log: logging.Discard()}
	file := h.Path("/run/yum.pid")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte, inode string) {
		if pid, held := findFlock(content, inode); pid < 0 || held && !strings.Contains(string(content), "FLOCK") {
			t.Errorf("process %d, %v", pid, held)
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if pid, held := h.pidFileHolder("/run/yum.pid"); held {
			t.Errorf("process %d is alive on a machine without processes", pid)
		}
		if err := os.WriteFile(h.Path(lockFile), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if owner := h.lockOwner(); len(owner) > 200 || strings.ContainsAny(owner, "\n\r\x1b\x00") {
			t.Errorf("the owner of the lock is %q", owner)
		}
	})
}

// FuzzMounts: for any table of mounts, a mount that forbids running programs is one that
// the program is on.
func FuzzMounts(f *testing.F) {
	f.Add([]byte("1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /mnt/a\\040b noexec - x y z\n"), "/mnt/a b/x")
	f.Add([]byte("1 0 8:1 / // noexec,\n1 1 1 1 /\\9\\ noexec"), "/usr/sbin/x")
	f.Fuzz(func(t *testing.T, table []byte, name string) {
		if point := (Mounts{all: parseMounts(table)}).NoExec(name); point != "" && !below(name, point) {
			t.Errorf("%q is not below %q", name, point)
		}
	})
}
