package pkgmgr

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

func TestReplaceRefusesToTakeMore(t *testing.T) {
	b := newBench(t, distro.Apt)
	want, legacy := []Spec{{Name: "aadsshlogin"}}, []string{"aadlogin"}
	o := b.order(Order{Install: want, Remove: legacy}, true)
	b.packages("aadsshlogin", "aadlogin 1.0")
	o = b.alone(o, "1.0.2")
	b.query(b.Manager.Simulate(o)[0], hosttest.Answer(0, "Remv aadlogin [1.0]\nRemv precious [2.0]\nInst aadsshlogin (1.0.2 x [amd64])\n"))
	_, err := b.Replace(wide(b), want, legacy)
	if f := b.code(err, fault.LegacyInstalled); !strings.Contains(f.What, "precious") {
		t.Errorf("What = %q", f.What)
	}
}

// simulations are the managers' outputs for an order that they understand differently from
// us: they would remove the old package and install nothing.
func simulations() map[distro.Manager]host.Result {
	table := "Dependencies resolved.\n====\n Package  Arch  Version  Repository  Size\n====\nRemoving:\n aadlogin  x86_64  1.0-1  @x  2\n\nTransaction Summary\n====\nRemove  1 Package\n\nOperation aborted.\n"
	return map[distro.Manager]host.Result{
		distro.Apt:    hosttest.Answer(0, "Remv aadlogin [1.0]\n"),
		distro.Dnf:    hosttest.Answer(1, table),
		distro.Yum:    hosttest.Answer(1, "Error: None\n"),
		distro.Tdnf:   hosttest.Answer(8, table+"Error(1032) : Operation aborted.\n"),
		distro.Zypper: hosttest.Answer(0, "The following package is going to be REMOVED:\n  aadlogin\n\n1 package to remove.\n"),
	}
}

// If the simulation does not install what is wanted, nothing is replaced or downloaded for
// it.
func TestReplaceNeedsWhatIsWanted(t *testing.T) {
	for name, simulation := range simulations() {
		b := newBench(t, name)
		want, legacy := []Spec{{Name: "aadsshlogin", Version: "1.0-1"}}, []string{"aadlogin"}
		o := b.order(Order{Install: want, Remove: legacy}, b.Manager.AllFirst)
		for range 2 {
			b.packages("aadsshlogin", "aadlogin 1.0-1")
			o = b.alone(o, "")
			b.query(b.Manager.Simulate(o)[0], simulation)
			b.packages("aadsshlogin", "aadlogin 1.0-1")
		}
		_, err := b.Download(wide(b), want, legacy)
		b.code(err, fault.PackageManagerFailed)
		_, err = b.Replace(wide(b), want, legacy)
		b.code(err, fault.PackageManagerFailed)
	}
}

// A simulation that fails is a try like any other: what helps is done.
func TestReplaceClimbsAfterASimulation(t *testing.T) {
	b := newBench(t, distro.Dnf)
	want, legacy := []Spec{{Name: "aadsshlogin"}}, []string{"aadlogin"}
	narrow, all := b.order(Order{Install: want, Remove: legacy}, false), b.order(Order{Install: want, Remove: legacy}, true)
	b.packages("aadsshlogin", "aadlogin 1.0-1")
	b.query(b.Manager.Simulate(narrow)[0], answer(t, "dnf-4.14", "unmet").result)
	b.packages("aadsshlogin", "aadlogin 1.0-1")
	b.query(b.Manager.Versions(b.Source, "aadsshlogin"), hosttest.Answer(0, "aadsshlogin 1.0.2-1\n"))
	all.Install = []Spec{{Name: "aadsshlogin", Version: "1.0.2-1"}}
	b.query(b.Manager.Download(all)[0], hosttest.Answer(0, ""))
	const file = "/var/cache/libdnf5/aadsshlogin-ed4afd3853e3f975/packages/aadsshlogin-1.0.2-1.x86_64.rpm"
	b.fetches(file)
	b.query(b.Manager.Verify("", file), hosttest.Answer(0, file+": digests signatures OK\n"))
	all.Files = []string{file}
	b.query(b.Manager.Simulate(all)[0], answer(t, "dnf-4.14", "simulate").result)
	b.transaction(b.Manager.Install(all)[0], hosttest.Answer(0, ""))
	b.packages("aadsshlogin 1.0.2-1", "aadlogin")
	if _, err := b.Replace(wide(b), want, legacy); err != nil {
		t.Fatal(err)
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
		if err := os.WriteFile(filepath.Join(b.Host.Root, b.Manager.Database), []byte("Package: aadlogin\n"), 0o644); err != nil {
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
