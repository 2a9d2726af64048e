package pkgmgr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// bench is a session on an empty machine with a strict runner. Its commands come from the
// manager's own functions: TestCommands checks their text.
type bench struct {
	*testing.T
	*Session
	runner *hosttest.Runner
}

func newBench(t *testing.T, name distro.Manager) bench {
	r := hosttest.New(t)
	s := &Session{Host: r.Host(), Manager: manager(t, name), Source: Source{ID: "aadsshlogin", ListFile: "/etc/apt/sources.list.d/aadsshlogin.list"},
		Pause: time.Millisecond, Reserve: time.Millisecond}
	return bench{t, s, r}
}

func (b bench) order(o Order, all bool) Order {
	o.Source, o.LockWait = b.Source, time.Minute
	o.Source.All = all
	return o
}

// packages is the database's answer to a query: "name version" for an installed package,
// "name" for one that is not, "name version state" for a broken one (dpkg).
func (b bench) packages(lines ...string) {
	b.Helper()
	var names []string
	var text strings.Builder
	missing := 0
	for _, line := range lines {
		f := strings.SplitN(line, " ", 3)
		names = append(names, f[0])
		switch {
		case b.Manager.Name == distro.Apt && len(f) == 1:
			missing = 1
		case b.Manager.Name == distro.Apt && len(f) == 2:
			fmt.Fprintf(&text, "%s\t%s\tamd64\tinstall ok installed\n", f[0], f[1])
		case b.Manager.Name == distro.Apt:
			fmt.Fprintf(&text, "%s\t%s\tamd64\t%s\n", f[0], f[1], f[2])
		case len(f) == 1:
			missing++
			fmt.Fprintf(&text, "package %s is not installed\n", f[0])
		default:
			fmt.Fprintf(&text, "%s\t%s\tx86_64\n", f[0], f[1])
		}
	}
	b.runner.Expect(b.Manager.Query(names).String(), hosttest.Answer(missing, text.String()))
}

// alone expects that the packages of an order are fetched from our source alone first, if
// the manager does that, and returns the order with their files. The versions are the
// requested ones, or newest.
func (b bench) alone(o Order, newest string) Order {
	b.Helper()
	if b.Manager.FetchFiles == nil {
		return o
	}
	var uris strings.Builder
	o.Files = nil
	for _, spec := range o.Install {
		name := fmt.Sprintf("%s_%s_amd64.deb", spec.Name, cmp.Or(spec.Version, newest))
		fmt.Fprintf(&uris, "'https://packages.example/%s' %s 6174 SHA256:00\n", name, name)
		o.Files = append(o.Files, aptArchives+"/"+name)
	}
	b.query(b.Manager.Locate(b.Source, o.Install), hosttest.Answer(0, uris.String()))
	b.query(b.Manager.FetchFiles(b.Source, o.Install), hosttest.Answer(0, ""))
	return o
}

func (b bench) transaction(c host.Command, r host.Result) {
	b.runner.ExpectTransaction(c.String(), r)
}
func (b bench) query(c host.Command, r host.Result) { b.runner.Expect(c.String(), r) }

// fetches has the command that was expected last leave a file on the machine.
func (b bench) fetches(path string) { b.runner.Then(func() { b.put(path) }) }

func (b bench) put(path string) { b.file(path, "a package") }

func (b bench) file(path, content string) {
	full := filepath.Join(b.Host.Root, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o600)); err != nil {
		b.Error(err)
	}
}

// fetched expects the fetch of a manager that fetches into our folder, and its
// verification, which succeeds.
func (b bench) fetched(o *Order, name string) {
	if b.Manager.FetchDir == "" {
		return
	}
	file := b.Manager.FetchDir + "/" + name
	b.query(b.Manager.Download(*o)[0], hosttest.Answer(0, ""))
	b.fetches(file)
	b.query(b.Manager.Verify("", file), hosttest.Answer(0, file+": digests signatures OK\n"))
	o.Files = []string{file}
}

// running makes the machine's record name this test as the running transaction.
func (b bench) running() (pid int) {
	b.Helper()
	stat, err := os.ReadFile("/proc/self/stat") // the start time is field 22; the name, field 2, may hold spaces
	if err != nil {
		b.Fatal(err)
	}
	start := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[19]
	pid = os.Getpid()
	record := filepath.Join(b.Host.Root, "run/aadsshlogin-handler.transaction")
	if err := os.MkdirAll(filepath.Dir(record), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(record, fmt.Appendf(nil, `{"pid":%d,"start":%q}`, pid, start), 0o600); err != nil {
		b.Fatal(err)
	}
	return pid
}

func (b bench) code(err error, want fault.Code) *fault.Fault {
	b.Helper()
	f := fault.Of(err)
	if f == nil || f.Code != want {
		b.Fatalf("got %v, want a fault of code %d", err, want)
	}
	return f
}

func wide(b bench) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	b.Cleanup(cancel)
	return ctx
}

// The time that there is bounds the wait for a lock, and the fault says who.
func TestLockIsWaitedForAndNamed(t *testing.T) {
	b := newBench(t, distro.Zypper)
	locked := answer(t, "zypper-1.14.89", "lock-zypp-refresh").result
	refresh := b.Manager.Refresh(b.Source)[0]
	b.query(refresh, locked)
	b.query(refresh, locked)
	b.query(refresh, hosttest.Answer(0, ""))
	if err := b.Refresh(wide(b)); err != nil {
		t.Fatal(err)
	}
	b.Pause = 3 * time.Hour
	b.query(refresh, locked)
	f := b.code(b.Refresh(wide(b)), fault.PackageManagerBusy)
	pid := regexp.MustCompile(`pid (\d+)`).FindSubmatch(locked.Stdout)[1]
	if !strings.Contains(f.What, fmt.Sprintf("zypper (process %s)", pid)) || !strings.Contains(f.Next, fmt.Sprintf("ps -fp %s;", pid)) {
		t.Errorf("%q, %q", f.What, f.Next)
	}
}

// The holder in a pid file is found before anything is run.
func TestLockFileIsSeenBeforehand(t *testing.T) {
	b := newBench(t, distro.Dnf)
	for path, content := range map[string]string{
		"/var/cache/dnf/metadata_lock.pid": "4711\n",
		"/proc/4711/comm":                  "packagekitd\n",
	} {
		full := filepath.Join(b.Host.Root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.Pause = 3 * time.Hour
	f := b.code(b.Refresh(wide(b)), fault.PackageManagerBusy)
	if !strings.Contains(f.What, "packagekitd (process 4711)") {
		t.Errorf("What = %q", f.What)
	}
	if err := os.RemoveAll(filepath.Join(b.Host.Root, "proc/4711")); err != nil { // it ended
		t.Fatal(err)
	}
	b.query(b.Manager.Refresh(b.Source)[0], hosttest.Answer(0, ""))
	if err := b.Refresh(wide(b)); err != nil {
		t.Fatal(err)
	}
}

// The manager's own wait never outlasts ours.
func TestLockWaitFitsTheBudget(t *testing.T) {
	s := &Session{Manager: manager(t, distro.Apt), Reserve: time.Second}
	synctest.Test(t, func(t *testing.T) { // whose clock stands still
		for left, most := range map[time.Duration]time.Duration{20 * time.Second: 19 * time.Second, time.Millisecond: 0} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			defer cancel()
			if got := s.lockWait(ctx); got > most || got < most*15/19 {
				t.Errorf("with %s left: %s", left, got)
			}
		}
	})
	if got := s.lockWait(context.Background()); got != time.Minute {
		t.Errorf("with no end: %s", got)
	}
}

func TestCommandsThatDoNotEnd(t *testing.T) {
	want := []Spec{{Name: "aadsshlogin"}}
	t.Run("transaction goes on", func(t *testing.T) {
		b := newBench(t, distro.Apt)
		b.packages("aadsshlogin")
		o := b.alone(b.order(Order{Install: want}, true), "1.0.2")
		b.runner.ExpectError(b.Manager.Install(o)[0].String(), fmt.Errorf("apt-get: %w", host.ErrStillRunning))
		_, err := b.Install(wide(b), want)
		if f := b.code(err, fault.StillRunning); !strings.HasSuffix(f.What, "goes on: apt-get install aadsshlogin_1.0.2_amd64.deb.") {
			t.Errorf("What = %q", f.What)
		}
	})
	t.Run("transaction goes on, and is found", func(t *testing.T) {
		b := newBench(t, distro.Zypper)
		pid := b.running()
		b.packages("aadsshlogin")
		b.runner.ExpectError(b.Manager.Install(b.order(Order{Install: want}, false))[0].String(), fmt.Errorf("zypper: %w", host.ErrStillRunning))
		_, err := b.Install(wide(b), want)
		if f := b.code(err, fault.StillRunning); !strings.HasSuffix(f.What, fmt.Sprintf("goes on: zypper install aadsshlogin (process %d).", pid)) {
			t.Errorf("What = %q", f.What)
		}
	})
	t.Run("server never answers", func(t *testing.T) {
		b := newBench(t, distro.Apt)
		b.Source.Proxy = "http://user:s3cret@proxy.example:3128"
		b.runner.ExpectError(b.Manager.Refresh(b.Source)[0].String(), context.DeadlineExceeded)
		if f := b.code(b.Refresh(wide(b)), fault.RepositoryUnreachable); !strings.Contains(f.Next, ": sudo apt-get update;") {
			t.Errorf("Next = %q", f.Next)
		}
	})
	t.Run("simulation never ends", func(t *testing.T) {
		b := newBench(t, distro.Dnf)
		b.packages("aadsshlogin 1.0.2")
		b.runner.ExpectError(b.Manager.SimulateRemove([]string{"aadsshlogin"}).String(), context.DeadlineExceeded)
		// A person who runs it must not remove anything.
		if f := b.code(b.Remove(wide(b), []string{"aadsshlogin"}), fault.PackageManagerFailed); !strings.Contains(f.Next, "sudo rpm -e --test aadsshlogin;") {
			t.Errorf("Next = %q", f.Next)
		}
	})
	t.Run("no such program", func(t *testing.T) {
		b := newBench(t, distro.Tdnf)
		b.runner.ExpectError(b.Manager.Refresh(b.Source)[0].String(), host.ErrNotFound)
		f := b.code(b.Refresh(wide(b)), fault.PackageManagerFailed)
		if !strings.Contains(f.What, "tdnf") {
			t.Errorf("What = %q", f.What)
		}
	})
}

// A refresh that fails is a failure even with exit code 0.
func TestRefreshBelievesTheOutput(t *testing.T) {
	b := newBench(t, distro.Apt)
	quiet := answer(t, "apt-2.6", "refused").result
	quiet.ExitCode = 0 // what apt before 2.1.7 ends with
	b.query(b.Manager.Refresh(b.Source)[0], quiet)
	b.code(b.Refresh(wide(b)), fault.RepositoryUnreachable)
}

// An overloaded server is tried again, but not forever.
func TestBusyServerIsAskedAgain(t *testing.T) {
	for file, name := range map[string]distro.Manager{"apt-2.6": distro.Apt, "dnf-4.14": distro.Dnf, "zypper-1.14.89": distro.Zypper} {
		for _, status := range []string{"http-429", "http-503"} {
			busy := answer(t, file, status).result
			b := newBench(t, name)
			b.Pause = time.Microsecond // the pauses between tries are multiples of it
			refresh := b.Manager.Refresh(b.Source)[0]
			b.query(refresh, busy)
			b.query(refresh, hosttest.Answer(0, ""))
			if err := b.Refresh(wide(b)); err != nil {
				t.Errorf("%s, %s: %v", name, status, err)
			}
			for range 4 {
				b.query(refresh, busy)
			}
			b.code(b.Refresh(wide(b)), fault.RepositoryUnreachable)
		}
	}
}

// If a query crashes because of what a killed run left, the fault says that a repair may
// help; otherwise it is a broken database like any other.
func TestQueryThatCrashes(t *testing.T) {
	b := newBench(t, distro.Dnf)
	crash := host.Result{ExitCode: -1}
	ask := func(interrupted bool) {
		b.query(b.Manager.Query([]string{"aadsshlogin"}), crash)
		_, err := b.Query(wide(b), "aadsshlogin")
		b.code(err, fault.PackageManagerFailed)
		if errors.Is(err, ErrInterrupted) != interrupted {
			t.Errorf("%v", err)
		}
	}
	ask(false)
	stale := filepath.Join(b.Host.Root, "var/lib/rpm/__db.001")
	if err := os.MkdirAll(filepath.Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ask(true)
}

// TestManagerThatMayNotBeStarted: if the kernel does not start the package manager, that is
// the package manager's failure and not our bug, unless the machine has run out of
// something.
func TestManagerThatMayNotBeStarted(t *testing.T) {
	b := newBench(t, distro.Apt)
	command := host.Command{Name: "apt-get", Args: []string{"update"}}
	for errno, want := range map[syscall.Errno]fault.Code{
		syscall.EACCES: fault.PackageManagerFailed, syscall.EPERM: fault.PackageManagerFailed, syscall.ENOEXEC: fault.PackageManagerFailed,
		syscall.EIO: fault.Disk, syscall.ENOMEM: fault.Resources, syscall.EAGAIN: fault.Resources,
	} {
		f := fault.ByCause(fault.Of(b.notRun(command, &fs.PathError{Op: "fork/exec", Path: "/usr/bin/apt-get", Err: errno})))
		if f.Code != want || !strings.Contains(f.What, errno.Error()) || !strings.Contains(f.Next, "command -v apt-get") && want == fault.PackageManagerFailed {
			t.Errorf("%v: %d %s %s", errno, f.Code, f.What, f.Next)
		}
	}
}
