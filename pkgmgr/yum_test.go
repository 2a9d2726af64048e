package pkgmgr

import (
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
)

// yum's option parser drops the first "--", so only arguments that a real yum has accepted
// are used.
func TestYumReplacesInTheWordsThatItTakes(t *testing.T) {
	for name, o := range map[string]Order{
		"the right form of swap":                                 {Install: []Spec{{Name: "aadsshlogin"}, {Name: "aadsshlogin-selinux"}}, Remove: []string{"aadlogin", "aadlogin-selinux"}},
		"the right form of swap, exact version":                  {Install: []Spec{{Name: "aadsshlogin", Version: "1.0.027980001-1"}}, Remove: []string{"aadlogin"}},
		"the right form of swap, another package needs aadlogin": {Install: []Spec{{Name: "aadsshlogin"}}, Remove: []string{"aadlogin"}},
	} {
		for _, c := range slices.Concat(yum().Simulate(o), yum().Download(o), yum().Install(o)) {
			at := slices.Index(c.Args, "swap")
			if at < 0 {
				t.Fatalf("%s: no swap in %s", name, c)
			}
			if r := recordedRun(t, "yum-3.4.3", name, c.Args[at:]...); strings.Contains(r.Result.Output(), "Error: None") {
				t.Errorf("real yum answered %s with: %s", r.Command, r.Result.Output())
			}
		}
	}
}

// What else would go is in the table of yum's simulation.
func TestYumReplacesNothingMore(t *testing.T) {
	b := newBench(t, distro.Yum)
	want, legacy := []Spec{{Name: "aadsshlogin"}}, []string{"aadlogin"}
	o := b.order(Order{Install: want, Remove: legacy}, false)
	b.packages("aadsshlogin", "aadlogin 1.0.016050002-1")
	b.query(b.Manager.Simulate(o)[0], recordedRun(t, "yum-3.4.3", "the right form of swap, another package needs aadlogin", "--assumeno").Result)
	_, err := b.Replace(wide(b), want, legacy)
	if f := b.code(err, fault.LegacyInstalled); !strings.Contains(f.What, "would also remove aadsshlogin-dep01") {
		t.Errorf("What = %q", f.What)
	}
}

// yum carries out half of an order if it does not know the other half, unless it is told
// not to.
func TestYumCarriesNoHalfOrderOut(t *testing.T) {
	o := Order{Install: []Spec{{Name: "aadsshlogin"}, {Name: "aadsshlogin-selinux"}}}
	args := yum().Install(o)[0].Args
	words := args[slices.Index(args, "--setopt=clean_requirements_on_remove=0"):]
	for _, s := range scenes(t, "yum-3.4.3") {
		for _, r := range s.Runs {
			if line := strings.Join(r.Command.Args, " "); strings.HasSuffix(line, " "+strings.Join(words, " ")) && r.Result.ExitCode == 0 &&
				strings.Contains(r.Result.Output(), "No package aadsshlogin-selinux available") {
				t.Errorf("%s: yum installs aadsshlogin alone, and ends with 0", s.Name)
			}
		}
	}
	r := recordedRun(t, "yum-3.4.3", "one of two packages is missing, refused", words...)
	if f := manager(t, distro.Yum).Classify(r.Command, r.Result); f == nil || f.Code != fault.PackageUnavailable || !strings.Contains(f.What, "aadsshlogin-selinux") {
		t.Errorf("%v", f)
	}
}

// yum uses a damaged file in its cache, so the file is removed before the next try.
func TestYumFetchesADamagedFileAgain(t *testing.T) {
	b := newBench(t, distro.Yum)
	o := b.order(Order{Install: []Spec{{Name: "aadsshlogin"}}}, false)
	const cached = "/var/cache/yum/x86_64/7/aadsshlogin/packages/aadsshlogin-1.0.033070001-1.x86_64.rpm"
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], recordedRun(t, "yum-3.4.3", "package: portal page", "install", "aadsshlogin").Result)
	b.fetches(cached)
	b.packages("aadsshlogin")
	b.transaction(b.Manager.Install(o)[0], hosttest.Answer(0, ""))
	b.runner.Then(func() {
		if b.Host.Exists(cached) {
			t.Error("the damaged file is still there")
		}
	})
	b.packages("aadsshlogin 1.0.033070001-1")
	if _, err := b.Install(wide(b), o.Install); err != nil {
		t.Error(err)
	}
}
