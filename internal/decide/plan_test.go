package decide

import (
	"os"
	"testing"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/facts"
	"aadssh/internal/identity"
	"aadssh/internal/signin/login"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

// fresh is a machine of a release on which nothing of the product is.
func fresh(t *testing.T, osRelease string) (facts.Facts, bool) {
	t.Helper()
	b, err := os.ReadFile(osRelease)
	if err != nil {
		t.Fatal(err)
	}
	release, err := distro.Parse(b)
	if err != nil {
		return facts.Facts{}, false
	}
	target, err := distro.Lookup(release, "amd64")
	if err != nil {
		return facts.Facts{}, false
	}
	f := facts.Facts{
		Question:  facts.Question{Settings: agent.Defaults()},
		Release:   release,
		Target:    target,
		Identity:  identity.Answer{Kind: identity.SystemAssigned, Cloud: identity.Clouds()[0]},
		Packages:  pkgmgr.Packages{},
		Transport: target.Transport,
		Receipt:   state.Receipt{Packages: map[string]state.Package{}, Files: map[string]state.File{}},
	}
	for _, name := range append([]string{target.Packages.Login, target.Packages.SELinux}, target.Legacy...) {
		f.Packages[name] = pkgmgr.Package{Name: name}
	}
	// SELinux is what the rpm families come with.
	f.Login = login.Facts{SELinux: login.SELinux{Enabled: target.Manager != distro.Apt}}
	return f, true
}

// Nothing is ever done to a machine whose packages come with its image.
func TestNothingIsPlannedForAnImage(t *testing.T) {
	f, _ := fresh(t, "../../distro/testdata/os-release/rhel-9.4")
	f.Image, f.ReloadPending = "CoreOS", true
	if p, err := NewPlan(&f, Goal{Newest: true}); err != nil || !p.Empty() {
		t.Errorf("%+v, %v", p, err)
	}
}
