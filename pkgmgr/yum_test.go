package pkgmgr

import (
	"slices"
	"strings"
	"testing"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/internal/fault"
)

// yum's option parser eats the first "--": only what real yum has carried out
// is what we tell it.
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
			if r := recordedRun(t, "yum-3.4.3", name, c.Args[at:]...); strings.Contains(r.result.Output(), "Error: None") {
				t.Errorf("real yum answered %s with: %s", r.command, r.result.Output())
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
	b.query(b.Manager.Simulate(o)[0], recordedRun(t, "yum-3.4.3", "the right form of swap, another package needs aadlogin", "--assumeno").result)
	_, err := b.Replace(wide(b), want, legacy)
	if f := b.code(err, fault.LegacyInstalled); !strings.Contains(f.What, "would also remove aadsshlogin-dep01") {
		t.Errorf("What = %q", f.What)
	}
}
