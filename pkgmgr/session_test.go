package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/fault"
	"aadsshlogin-handler/host"
	"aadsshlogin-handler/host/hosttest"
)

// bench is a session on an empty machine with a strict runner, whose commands
// are named by the manager's own builders: their text is TestCommands' matter.
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

// packages makes the database answer a query: "name version" for an installed
// one, "name" for one that is not, "name version state" for a broken one (dpkg).
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

func (b bench) transaction(c host.Command, r host.Result) {
	b.runner.ExpectTransaction(c.String(), r)
}
func (b bench) query(c host.Command, r host.Result) { b.runner.Expect(c.String(), r) }

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

func TestInstallHealthyPath(t *testing.T) {
	for name, all := range map[distro.Manager]bool{distro.Apt: true, distro.Dnf: false, distro.Zypper: false, distro.Tdnf: false, distro.Yum: false} {
		t.Run(string(name), func(t *testing.T) {
			b := newBench(t, name)
			o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, all)
			b.packages("aadsshlogin")
			b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, "fine\n"))
			b.packages("aadsshlogin 1.0.2-1")
			out, err := b.Install(wide(b), o.Install)
			if err != nil || out.Packages["aadsshlogin"].Version != "1.0.2-1" || len(out.Newest) != 0 {
				t.Fatalf("%+v, %v", out, err)
			}
		})
	}
}

// A package manager that says yes and did nothing is found out.
func TestInstallBelievesTheDatabase(t *testing.T) {
	b := newBench(t, distro.Dnf)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, "Complete!\n"))
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), o.Install)
	if f := b.code(err, fault.PackageManagerFailed); !strings.Contains(f.What, "not installed") {
		t.Errorf("What = %q", f.What)
	}
}

// A fault of another package does not fail ours when ours is there.
func TestInstallForgivesOthers(t *testing.T) {
	b := newBench(t, distro.Apt)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, true)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(100, "dpkg: error processing package somebodys (--configure):\n failed\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n"))
	b.packages("aadsshlogin 1.0.2")
	if _, err := b.Install(wide(b), o.Install); err != nil {
		t.Fatal(err)
	}
}

// dnf ends with 0 when a script of the package failed, and the database calls
// it installed: that is not success.
func TestInstallSeesFailedScripts(t *testing.T) {
	for file, name := range map[string]distro.Manager{"dnf-4.14": distro.Dnf, "zypper-1.14.89": distro.Zypper} {
		b := newBench(t, name)
		o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
		b.packages("aadsshlogin")
		b.transaction(b.Manager.Install(o)[0], answer(t, file, "post-fails").result)
		b.packages("aadsshlogin 1.0.2-1")
		_, err := b.Install(wide(b), o.Install)
		if f := b.code(err, fault.PackageManagerFailed); !strings.Contains(f.What, "script of aadsshlogin") {
			t.Errorf("What = %q", f.What)
		}
	}
}

func TestInstallForgivesScriptsOfOthers(t *testing.T) {
	b := newBench(t, distro.Dnf)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, "Error in POSTIN scriptlet in rpm package somebodys\n"))
	b.packages("aadsshlogin 1.0.2-1")
	if _, err := b.Install(wide(b), o.Install); err != nil {
		t.Fatal(err)
	}
}

// The ladder on an rpm machine: ours alone, all sources, fresh metadata of all,
// and only then an older version, with both versions named.
func TestInstallTakesTheNewestInstallable(t *testing.T) {
	b := newBench(t, distro.Dnf)
	want := []Spec{{Name: "aadsshlogin"}}
	unmet := answer(t, "dnf-4.14", "unmet").result
	narrow, all := b.order(Order{Install: want}, false), b.order(Order{Install: want}, true)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(narrow)[0], unmet)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(all)[0], unmet)
	b.packages("aadsshlogin")
	b.query(b.Manager.Refresh(all.Source)[0], hosttest.Answer(0, ""))
	b.transaction(b.Manager.Install(all)[0], unmet)
	b.packages("aadsshlogin")
	b.query(b.Manager.Versions(b.Source, "aadsshlogin"), answer(t, "dnf-4.14", "versions-repoquery").result)
	older := all
	older.Install = []Spec{{Name: "aadsshlogin", Version: "1.0.1-1"}}
	b.transaction(b.Manager.Install(older)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.1-1")
	out, err := b.Install(wide(b), want)
	if err != nil {
		t.Fatal(err)
	}
	if out.Newest["aadsshlogin"] != "1.0.2-1" || out.Why == nil || !strings.Contains(out.Why.What, "libnosuch") {
		t.Errorf("Newest = %v, Why = %v", out.Newest, out.Why)
	}
	if want[0].Version != "" {
		t.Error("the caller's wish was changed")
	}
}

// A working version is never traded for an older one.
func TestInstallNeverGoesBelowTheInstalled(t *testing.T) {
	b := newBench(t, distro.Apt)
	want := []Spec{{Name: "aadsshlogin"}, {Name: "aadsshlogin-selinux"}}
	unmet := answer(t, "apt-2.6", "unmet").result
	all := b.order(Order{Install: want}, true)
	b.packages("aadsshlogin 1.0.1.5", "aadsshlogin-selinux")
	b.transaction(b.Manager.Install(all)[0], unmet)
	b.packages("aadsshlogin 1.0.1.5", "aadsshlogin-selinux")
	b.query(b.Manager.Refresh(all.Source)[0], hosttest.Answer(0, ""))
	b.transaction(b.Manager.Install(all)[0], unmet)
	b.packages("aadsshlogin 1.0.1.5", "aadsshlogin-selinux")
	b.query(b.Manager.Versions(all.Source, "aadsshlogin"), answer(t, "apt-2.6", "madison").result) // 1.0.2, 1.0.1
	_, err := b.Install(wide(b), want)
	b.code(err, fault.PackageManagerFailed)
}

// An exact version that cannot be had is never replaced by another one.
func TestInstallExactVersionStands(t *testing.T) {
	b := newBench(t, distro.Apt)
	want := []Spec{{Name: "aadsshlogin", Version: "9.9.9"}}
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(b.order(Order{Install: want}, true))[0], answer(t, "apt-2.6", "version-missing").result)
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), want)
	if f := b.code(err, fault.PackageUnavailable); !strings.Contains(f.What, "9.9.9") {
		t.Errorf("What = %q", f.What)
	}
}

// What our own source does not have is not looked for in the whole world.
func TestInstallMissingPackageRefreshesNothing(t *testing.T) {
	b := newBench(t, distro.Apt)
	want := []Spec{{Name: "aadsshlogin"}}
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(b.order(Order{Install: want}, true))[0], hosttest.Answer(100, "E: Unable to locate package aadsshlogin\n"))
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), want)
	b.code(err, fault.PackageUnavailable)
}

// A source file of somebody else that apt cannot read is gone around.
func TestInstallGoesAroundABrokenSource(t *testing.T) {
	for _, broken := range []string{"malformed-list", "conflicting-signed-by"} {
		b := newBench(t, distro.Apt)
		want := []Spec{{Name: "aadsshlogin"}}
		b.packages("aadsshlogin")
		b.transaction(b.Manager.Install(b.order(Order{Install: want}, true))[0], answer(t, "apt-2.6", broken).result)
		b.packages("aadsshlogin")
		b.transaction(b.Manager.Install(b.order(Order{Install: want}, false))[0], hosttest.Answer(0, ""))
		b.packages("aadsshlogin 1.0.2")
		if _, err := b.Install(wide(b), want); err != nil {
			t.Fatalf("%s: %v", broken, err)
		}
	}
}

// An interrupted dpkg is finished first, once.
func TestInstallRepairsOnce(t *testing.T) {
	b := newBench(t, distro.Apt)
	want := []Spec{{Name: "aadsshlogin"}}
	o := b.order(Order{Install: want}, true)
	interrupted := answer(t, "apt-2.6", "interrupted").result
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], interrupted)
	b.packages("aadsshlogin")
	for _, c := range b.Manager.Repair() {
		b.transaction(c, hosttest.Answer(0, ""))
	}
	b.transaction(b.Manager.Install(o)[0], interrupted)
	b.packages("aadsshlogin")
	_, err := b.Install(wide(b), want)
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("%v is not ErrInterrupted", err)
	}
	b.code(err, fault.PackageManagerFailed)
}

// yum has another word for going back.
func TestInstallOlderWithYum(t *testing.T) {
	b := newBench(t, distro.Yum)
	want := []Spec{{Name: "aadsshlogin", Version: "1.0.1"}}
	o := b.order(Order{Install: want}, false)
	b.packages("aadsshlogin 1.0.2-1")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, "Package matching aadsshlogin-1.0.1-1.x86_64 already installed. Checking for update.\nNothing to do\n"))
	b.packages("aadsshlogin 1.0.2-1")
	o.Older = true
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.1-1")
	if _, err := b.Install(wide(b), want); err != nil {
		t.Fatal(err)
	}
}

func TestReplaceRefusesToTakeMore(t *testing.T) {
	b := newBench(t, distro.Apt)
	want, legacy := []Spec{{Name: "aadsshlogin"}}, []string{"aadlogin"}
	o := b.order(Order{Install: want, Remove: legacy}, true)
	b.packages("aadsshlogin", "aadlogin 1.0")
	b.query(b.Manager.Simulate(o)[0], hosttest.Answer(0, "Remv aadlogin [1.0]\nRemv precious [2.0]\nInst aadsshlogin (1.0.2 x [amd64])\n"))
	_, err := b.Replace(wide(b), want, legacy)
	if f := b.code(err, fault.LegacyInstalled); !strings.Contains(f.What, "precious") {
		t.Errorf("What = %q", f.What)
	}
}

// New packages that do not conflict with the old ones leave them in place.
func TestReplaceRemovesWhatIsLeft(t *testing.T) {
	b := newBench(t, distro.Dnf)
	want, legacy := []Spec{{Name: "aadsshlogin"}}, []string{"aadlogin"}
	o := b.order(Order{Install: want, Remove: legacy}, false)
	b.packages("aadsshlogin", "aadlogin 1.0-1")
	b.query(b.Manager.Simulate(o)[0], answer(t, "dnf-4.14", "simulate").result)
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.2-1", "aadlogin 1.0-1")
	b.packages("aadlogin 1.0-1")
	b.query(b.Manager.SimulateRemove(legacy), hosttest.Answer(0, ""))
	b.transaction(b.Manager.Remove(legacy)[0], hosttest.Answer(0, ""))
	b.packages("aadlogin")
	if _, err := b.Replace(wide(b), want, legacy); err != nil {
		t.Fatal(err)
	}
}

func TestRemove(t *testing.T) {
	t.Run("already gone", func(t *testing.T) {
		b := newBench(t, distro.Apt)
		b.packages("aadsshlogin")
		if err := b.Remove(wide(b), []string{"aadsshlogin"}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("held", func(t *testing.T) {
		b := newBench(t, distro.Apt)
		b.packages("aadsshlogin 1.0")
		b.query(b.Manager.SimulateRemove([]string{"aadsshlogin"}), answer(t, "apt-2.6", "held-simulate").result)
		f := b.code(b.Remove(wide(b), []string{"aadsshlogin"}), fault.PackageManagerFailed)
		if !strings.Contains(f.Next, "apt-mark unhold aadsshlogin") {
			t.Errorf("Next = %q", f.Next)
		}
	})
	t.Run("needed by another", func(t *testing.T) {
		b := newBench(t, distro.Apt)
		b.packages("aadsshlogin 1.0")
		b.query(b.Manager.SimulateRemove([]string{"aadsshlogin"}), answer(t, "apt-2.6", "needs-it-simulate").result)
		f := b.code(b.Remove(wide(b), []string{"aadsshlogin"}), fault.PackageManagerFailed)
		if !strings.Contains(f.What, "needs-aadsshlogin") {
			t.Errorf("What = %q", f.What)
		}
	})
	t.Run("needed by another rpm", func(t *testing.T) {
		b := newBench(t, distro.Dnf)
		b.packages("aadsshlogin 1.0-1")
		b.query(b.Manager.SimulateRemove([]string{"aadsshlogin"}), answer(t, "dnf-4.14", "needs-it").result)
		f := b.code(b.Remove(wide(b), []string{"aadsshlogin"}), fault.PackageManagerFailed)
		if !strings.Contains(f.What, "needs-aadsshlogin") {
			t.Errorf("What = %q", f.What)
		}
	})
	t.Run("only what is there", func(t *testing.T) {
		b := newBench(t, distro.Dnf)
		b.packages("aadsshlogin 1.0-1", "aadsshlogin-selinux")
		b.query(b.Manager.SimulateRemove([]string{"aadsshlogin"}), hosttest.Answer(0, ""))
		b.transaction(b.Manager.Remove([]string{"aadsshlogin"})[0], hosttest.Answer(0, ""))
		b.packages("aadsshlogin")
		if err := b.Remove(wide(b), []string{"aadsshlogin", "aadsshlogin-selinux"}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRemoveLowLevelPutsScriptsBack(t *testing.T) {
	for _, works := range []bool{true, false} {
		b := newBench(t, distro.Apt)
		script := filepath.Join(b.Host.Root, "var/lib/dpkg/info/aadlogin.prerm")
		if err := os.MkdirAll(filepath.Dir(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(script, []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		b.packages("aadlogin 1.0 deinstall ok half-configured")
		b.transaction(b.Manager.RemoveLowLevel([]string{"aadlogin"}).Commands[0], hosttest.Answer(0, ""))
		b.runner.Then(func() {
			if _, err := os.Stat(script); err == nil {
				t.Error("the script is in the way when dpkg runs")
			}
		})
		if works {
			b.packages("aadlogin")
		} else {
			b.packages("aadlogin 1.0 deinstall ok half-configured")
		}
		err := b.RemoveLowLevel(wide(b), []string{"aadlogin"})
		info, statErr := os.Stat(script)
		switch {
		case works && (err != nil || statErr == nil):
			t.Errorf("err %v, script there: %v", err, statErr == nil)
		case !works && (err == nil || statErr != nil || info.Mode().Perm() != 0o755):
			t.Errorf("err %v, script put back: %v", err, statErr == nil)
		}
	}
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
	b.Pause = time.Hour
	b.query(refresh, locked)
	f := b.code(b.Refresh(wide(b)), fault.PackageManagerBusy)
	pid := regexp.MustCompile(`pid (\d+)`).FindSubmatch(locked.Stdout)[1]
	if !strings.Contains(f.What, fmt.Sprintf("zypper (process %s)", pid)) || !strings.Contains(f.Next, fmt.Sprintf("ps -fp %s;", pid)) {
		t.Errorf("%q, %q", f.What, f.Next)
	}
}

// Who holds a pid file is found before anything is run.
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
	b.Pause = time.Hour
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
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if got := s.lockWait(ctx); got > 19*time.Second || got < 15*time.Second {
		t.Errorf("with 20 s left: %s", got)
	}
	ctx, cancel = context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if got := s.lockWait(ctx); got != 0 {
		t.Errorf("with nothing left: %s", got)
	}
	if got := s.lockWait(context.Background()); got != time.Minute {
		t.Errorf("with no end: %s", got)
	}
}

func TestCommandsThatDoNotEnd(t *testing.T) {
	want := []Spec{{Name: "aadsshlogin"}}
	t.Run("transaction goes on", func(t *testing.T) {
		b := newBench(t, distro.Apt)
		b.packages("aadsshlogin")
		b.runner.ExpectError(b.Manager.Install(b.order(Order{Install: want}, true))[0].String(), fmt.Errorf("apt-get: %w", host.ErrStillRunning))
		_, err := b.Install(wide(b), want)
		b.code(err, fault.StillRunning)
	})
	t.Run("server never answers", func(t *testing.T) {
		b := newBench(t, distro.Zypper)
		b.runner.ExpectError(b.Manager.Refresh(b.Source)[0].String(), context.DeadlineExceeded)
		b.code(b.Refresh(wide(b)), fault.RepositoryUnreachable)
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

// Shared memory that a killed rpm left behind is removed when nobody has it.
func TestRepairStaleDatabase(t *testing.T) {
	broken := hosttest.Answer(1, "error: db5 error(-30973) from dbenv->failchk: BDB0087 DB_RUNRECOVERY: Fatal error, run database recovery\nerror: cannot open Packages index using db5 -  (-30973)\npackage aadsshlogin is not installed\n")
	for _, inUse := range []bool{false, true} {
		b := newBench(t, distro.Yum)
		stale := filepath.Join(b.Host.Root, "var/lib/rpm/__db.001")
		maps := filepath.Join(b.Host.Root, "proc/77/maps")
		for _, p := range []string{stale, maps} {
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(stale, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		content := "7f00-7f01 rw-s 00000000 08:01 1180 /somewhere/else\n"
		if inUse {
			content = "7f00-7f01 rw-s 00000000 08:01 1180 /var/lib/rpm/__db.001\n"
		}
		if err := os.WriteFile(maps, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		b.query(b.Manager.Query([]string{"aadsshlogin"}), broken)
		_, err := b.Query(wide(b), "aadsshlogin")
		if !errors.Is(err, ErrInterrupted) {
			t.Fatalf("%v is not ErrInterrupted", err)
		}
		err = b.Repair(wide(b))
		_, statErr := os.Stat(stale)
		if inUse && (fault.Of(err) == nil || fault.Of(err).Code != fault.PackageManagerBusy || statErr != nil) {
			t.Errorf("in use: %v, file there: %v", err, statErr == nil)
		}
		if !inUse && (err != nil || statErr == nil) {
			t.Errorf("not in use: %v, file there: %v", err, statErr == nil)
		}
	}
}
