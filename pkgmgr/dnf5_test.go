package pkgmgr

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/distro"
	"aadssh/internal/fault"
)

// The handler does not ask which generation of dnf there is: its words mean the same to
// both. Real dnf 5 and dnf 4 were recorded with them.
func TestDnfIsToldWhatBothGenerationsTake(t *testing.T) {
	s := Source{ID: "aadsshlogin"}
	o := Order{Source: s, Install: []Spec{{Name: "aadsshlogin"}}}
	exact := Order{Source: s, Install: []Spec{{Name: "aadsshlogin", Version: "1.0.027980001-1"}}, Remove: []string{"aadlogin"}}
	for _, generation := range []struct{ versions, downloads string }{
		{"forms for the list of versions", "forms for downloads"},
		{"dnf 4: forms for the list of versions", "dnf 4: forms for downloads"},
	} {
		for scene, c := range map[string]struct {
			args []string
			from string
		}{
			generation.versions:  {dnfVersions(s, "aadsshlogin").Args, "repoquery"},
			generation.downloads: {dnfDownload(o)[0].Args, "install"},
		} {
			words := c.args[slices.Index(c.args, c.from):]
			if r := recordedRun(t, "dnf5-5.4.6", scene, words...); r.Result.ExitCode != 0 {
				t.Errorf("%s: %s: %s", scene, r.Command, r.Result.Output())
			}
		}
	}
	words := dnfSimulate(exact)[0].Args
	recordedRun(t, "dnf5-5.4.6", "replace aadlogin to an exact version", words[slices.Index(words, "install"):]...)
}

func TestDnf5Versions(t *testing.T) {
	for _, scene := range []string{"forms for the list of versions", "dnf 4: forms for the list of versions"} {
		r := recordedRun(t, "dnf5-5.4.6", scene, "repoquery", "--available", "--qf", `%{name} %{evr}\n`)
		if got := dnf().ParseVersions(r.Result, "aadsshlogin"); !slices.Equal(got, []string{"1.0.033070001-1", "1.0.027980001-1"}) {
			t.Errorf("%s: %q", scene, got)
		}
	}
}

func TestDnf5Table(t *testing.T) {
	for _, simulation := range []struct{ scene, installs, removes string }{
		{"install", "aadsshlogin", ""},
		{"replace aadlogin to an exact version", "aadsshlogin", "aadlogin"},
		{"replace aadlogin that another package needs", "aadsshlogin", "aadlogin aadsshlogin-dep01"},
	} {
		e := dnf().ParseEffect(recordedRun(t, "dnf5-5.4.6", simulation.scene, "--assumeno").Result)
		slices.Sort(e.Removes)
		if strings.Join(e.Installs, " ") != simulation.installs || strings.Join(e.Removes, " ") != simulation.removes {
			t.Errorf("%s: %+v", simulation.scene, e)
		}
	}
}

// If a script of the package failed, that is no success with dnf 5 either, although the
// database says that the package is installed.
func TestDnf5FailedScript(t *testing.T) {
	b := newBench(t, distro.Dnf)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], recordedRun(t, "dnf5-5.4.6", "failing installation script", "install", "aadsshlogin").Result)
	b.packages("aadsshlogin 1.0.033070001-1")
	_, err := b.Install(wide(b), o.Install)
	if f := b.code(err, fault.PackageManagerFailed); !strings.Contains(f.What, "script of aadsshlogin") {
		t.Errorf("What = %q", f.What)
	}
}

// dnf 5 says nothing of who holds rpm's lock: we look.
func TestDnf5WaitsForRpmsLock(t *testing.T) {
	b := newBench(t, distro.Dnf)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
	held := recordedRun(t, "dnf5-5.4.6", "lock held: /var/lib/rpm/.rpm.lock", "install", "aadsshlogin").Result
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], held)
	b.runner.Then(func() { b.file("/var/lib/dnf/rpmdb_lock.pid", "4711\n"); b.file("/proc/4711/comm", "rpm\n") })
	b.Pause = 3 * time.Hour // no time for another try
	_, err := b.Install(wide(b), o.Install)
	if f := b.code(err, fault.PackageManagerBusy); !strings.Contains(f.What, "rpm (process 4711)") {
		t.Errorf("What = %q", f.What)
	}
}
