package pkgmgr

import (
	"strings"
	"testing"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/internal/fault"
)

// recordedTdnf are the releases of tdnf that were recorded: those of Mariner 2
// and Azure Linux 3, and a later one.
func recordedTdnf() []string { return []string{"tdnf-3.5.2", "tdnf-3.5.8", "tdnf-3.6.0"} }

// What else would go is in the table of tdnf's simulation, whose rows begin
// without a blank.
func TestTdnfReplacesNothingMore(t *testing.T) {
	for _, version := range recordedTdnf() {
		b := newBench(t, distro.Tdnf)
		want, legacy := []Spec{{Name: "aadsshlogin"}}, []string{"aadlogin"}
		o := b.order(Order{Install: want, Remove: legacy}, false)
		b.packages("aadsshlogin", "aadlogin 1.0.016050002-1")
		b.query(b.Manager.Simulate(o)[0], recordedRun(t, version, "replace aadlogin that another package needs", "--assumeno").result)
		_, err := b.Replace(wide(b), want, legacy)
		if f := b.code(err, fault.LegacyInstalled); !strings.Contains(f.What, "would also remove aadsshlogin-dep01") {
			t.Errorf("%s: What = %q", version, f.What)
		}
	}
}

// The table of a replacement names what goes and what comes, and nothing else.
func TestTdnfTable(t *testing.T) {
	for _, version := range recordedTdnf() {
		for _, simulation := range []struct{ scene, installs, removes string }{
			{"install", "aadsshlogin", ""},
			{"replace aadlogin to an exact version", "aadsshlogin", "aadlogin"},
			{"replace aadlogin that another package needs", "aadsshlogin", "aadsshlogin-dep01 aadlogin"},
		} {
			e := tdnf().ParseEffect(recordedRun(t, version, simulation.scene, "--assumeno").result)
			if strings.Join(e.Installs, " ") != simulation.installs || strings.Join(e.Removes, " ") != simulation.removes {
				t.Errorf("%s, %s: %+v", version, simulation.scene, e)
			}
		}
	}
}
