package decide

import (
	"testing"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/facts"
	"aadssh/internal/identity"
	"aadssh/pkgmgr"
)

// BenchmarkNewPlan plans for a fresh machine: every enable plans at least once,
// and twice where something is to do.
func BenchmarkNewPlan(b *testing.B) {
	target, err := distro.Lookup(distro.Release{ID: "ubuntu", VersionID: "22.04", Codename: "jammy"}, "amd64")
	if err != nil {
		b.Fatal(err)
	}
	f := facts.Facts{
		Question: facts.Question{Settings: agent.Defaults()},
		Target:   target,
		Identity: identity.Answer{Kind: identity.SystemAssigned, Cloud: identity.Clouds()[0]},
		Packages: pkgmgr.Packages{target.Packages.Login: {Name: target.Packages.Login}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if p, err := NewPlan(&f, Goal{}); err != nil || p.Empty() {
			b.Fatalf("plan %+v, %v", p, err)
		}
	}
}
