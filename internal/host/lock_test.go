package host

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"aadssh/internal/logging"
)

// TestMain makes the test program act as the other process: with the variable set it locks
// a file, prints that and holds the lock until its input ends.
func TestMain(m *testing.M) {
	switch path := os.Getenv("HOSTTEST_LOCK"); os.Getenv("HOSTTEST_KIND") {
	case "":
		os.Exit(m.Run())
	case "fcntl":
		holdUntilEOF(path, func(fd int) error {
			return unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart})
		})
	case "flock":
		holdUntilEOF(path, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	}
}

func holdUntilEOF(path string, lock func(fd int) error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = lock(int(f.Fd()))
	}
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("locked\n")
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// other starts a process that holds a lock; release ends it.
func other(t *testing.T, kind, path string) (pid int, release func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HOSTTEST_KIND="+kind, "HOSTTEST_LOCK="+path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd.Process.Pid, func() {
		in.Close()
		cmd.Wait()
	}
}

func TestLockHolder(t *testing.T) {
	for kind, k := range map[string]LockKind{"fcntl": LockFcntl, "flock": LockFlock} {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lock")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			h := &Host{}
			locks := []Lock{{Path: "/nonexistent/lock", Kind: k}, {Path: path, Kind: k}}
			if holder, held := h.LockHolder(locks); held {
				t.Fatalf("nobody has it, but: %v", holder)
			}
			pid, release := other(t, kind, path)
			holder, held := h.LockHolder(locks)
			if !held || holder.PID != pid || holder.File != path || holder.Name == "" {
				t.Errorf("%+v, %v, want pid %d", holder, held, pid)
			}
			if want := holder.Name + " (process " + strconv.Itoa(pid) + ")"; holder.String() != want {
				t.Errorf("%q, want %q", holder, want)
			}
			release()
			if holder, held := h.LockHolder(locks); held {
				t.Errorf("released, but: %v", holder)
			}
		})
	}
}

// TestLockErr: what is known before of the lock is what the run that takes it meets.
func TestLockErr(t *testing.T) {
	for name, put := range map[string]func(run, lock string) error{
		"as it should be": func(run, _ string) error { return os.Mkdir(run, 0o755) },
		"there already": func(run, lock string) error {
			return errors.Join(os.Mkdir(run, 0o755), os.WriteFile(lock, nil, 0o600))
		},
		"no folder": func(string, string) error { return nil },
		"a link":    func(run, lock string) error { return errors.Join(os.Mkdir(run, 0o755), os.Symlink("x", lock)) },
		"a folder":  func(run, lock string) error { return os.MkdirAll(lock, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			h := &Host{Root: t.TempDir(), Log: logging.Discard()}
			if err := put(h.Path("/run"), h.Path(lockFile)); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadDir(h.Path("/run"))
			known := h.LockErr()
			if after, _ := os.ReadDir(h.Path("/run")); len(before) != len(after) {
				t.Errorf("it wrote: %v", after)
			}
			release, err := h.SingleRun(t.Context(), "this test")
			if err == nil {
				release()
			}
			if (err == nil) != (known == nil) || (err == nil) != strings.Contains("as it should be, there already", name) {
				t.Errorf("known before: %v, met: %v", known, err)
			}
		})
	}
}

// TestOtherRun: another run calls itself what it wrote, and this one is no other.
func TestOtherRun(t *testing.T) {
	h := &Host{Root: t.TempDir(), Log: logging.Discard()}
	if err := errors.Join(os.Mkdir(h.Path("/run"), 0o700), os.Symlink("/proc", h.Path("/proc"))); err != nil {
		t.Fatal(err)
	}
	want := func(want string) {
		t.Helper()
		if got := h.OtherRun(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	want("")
	release, err := h.SingleRun(t.Context(), "this test")
	if err != nil {
		t.Fatal(err)
	}
	want("")
	release()
	if err := os.WriteFile(h.Path(lockFile), []byte("process 7, enable of version 1.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("")
	_, release = other(t, "flock", h.Path(lockFile))
	want("process 7, enable of version 1.0")
	if err := os.WriteFile(h.Path(lockFile), []byte("process 7, "+Checking+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("")
	release()
	want("")
}

// The kernel's table of locks is read in parts, and changes in between.
func TestLockHolderWhileOthersComeAndGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	defer others.Wait()
	done := make(chan struct{})
	defer close(done)
	for range 2 {
		dir := t.TempDir()
		others.Go(func() {
			for {
				var files []*os.File
				for i := range 200 {
					f, err := os.Create(filepath.Join(dir, strconv.Itoa(i)))
					if err == nil {
						err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
					}
					if err != nil {
						t.Error(err)
						return
					}
					files = append(files, f)
				}
				for _, f := range files {
					f.Close()
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	pid, release := other(t, "flock", path)
	defer release()
	for i := range 200 {
		if holder, held := (&Host{}).LockHolder([]Lock{{Path: path, Kind: LockFlock}}); !held || holder.PID != pid {
			t.Fatalf("question %d: %+v, %v, want pid %d", i, holder, held, pid)
		}
	}
}

// A lock that nobody holds as root makes a package manager wait, but does not show that
// root is running one. A process that hides from others is still nobody's, and its own name
// is quoted.
func TestLocksOfOthers(t *testing.T) {
	root := t.TempDir()
	h := &Host{Root: root}
	put := func(path, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("/proc/4711/comm", "x; sudo reboot\n")
	put("/run/x.pid", "4711")
	locks := []Lock{{Path: "/run/x.pid", Kind: LockPIDFile}}
	for status, byRoot := range map[string]bool{
		"Name:\tx\nUid:\t0\t0\t0\t0\n":                    true,
		"Name:\tUid: 0 0 0 0\nUid:\t65534\t65534\t0\t0\n": false,
		"Name:\tx\n": false,
		"":           false,
	} {
		put("/proc/4711/status", status)
		holder, held := h.LockHolder(locks)
		if _, root := h.RootLockHolder(locks); !held || root != byRoot || !strings.HasPrefix(holder.String(), `"x; sudo reboot" (process 4711`) {
			t.Errorf("%q: %s, held %v, by root %v", status, holder, held, root)
		}
	}
}

func TestPIDFile(t *testing.T) {
	dir := t.TempDir()
	h := &Host{Root: dir}
	write := func(path, content string) {
		t.Helper()
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("/proc/4711/comm", "unattended-upgr\n")
	write("/proc/4711/cmdline", "/usr/bin/python3\x00/usr/bin/unattended-upgrade\x00--password=s3cret\x00")
	for content, held := range map[string]bool{
		"4711\n": true, " 4711 ": true, "4712\n": false, "": false, "x": false, "-1": false, "0": false, "1": false,
		"99999999999999999999": false,
	} {
		write("/run/x.pid", content)
		holder, got := h.LockHolder([]Lock{{Path: "/run/x.pid", Kind: LockPIDFile}})
		if got != held {
			t.Errorf("%q: held %v", content, got)
		}
		if held && holder.String() != "unattended-upgrade (process 4711)" {
			t.Errorf("%q: %s", content, holder)
		}
	}
}

func TestFindFlock(t *testing.T) {
	table := []byte("1: POSIX  ADVISORY  WRITE 12 00:19:1180 0 EOF\n" +
		"2: -> FLOCK  ADVISORY  WRITE 13 00:19:1180 0 EOF\n" +
		"3: FLOCK  ADVISORY  WRITE 14 00:19:1180 0 EOF\n4: OFDLCK ADVISORY  READ  -1 00:06:1024 0 EOF\n\n5:\n")
	if pid, held := findFlock(table, "00:19:1180"); !held || pid != 14 {
		t.Errorf("%d, %v", pid, held)
	}
	if pid, held := findFlock(table, "00:06:1024"); held {
		t.Errorf("not an flock, but: %d", pid)
	}
}

func TestProcessNameIsPrintable(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "proc/9"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "proc/9/comm"), []byte("a\x1b[31mb\nc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	h := &Host{Root: dir}
	if got := h.ProcessName(9); got != "a[31mbc" {
		t.Errorf("%q", got)
	}
}
