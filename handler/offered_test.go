package handler

import (
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/identity"
	"aadssh/pkgmgr"
)

// 28 names the repository, the release, the architecture and the existing versions, and
// mentions packageVersion only if it is set.
func TestOffered(t *testing.T) {
	said := fault.New(fault.PackageUnavailable, "The package sources have no aadsshlogin.", "apt-cache policy aadsshlogin")
	for name, c := range map[string]struct {
		asked, madison string
		what, next     string
		not            string
	}{
		"no such package": {"", "", "InRelease has no aadsshlogin for Ubuntu 22.04 on ", "curl -fsSI https://packages.microsoft.com/ubuntu/22.04/prod/dists/jammy/InRelease", "packageVersion"},
		"no such version": {"9.9", "aadsshlogin | 1.0.2 | https://x jammy/main amd64 Packages\naadsshlogin | 1.0.1 | https://x jammy/main amd64 Packages\n",
			"has no aadsshlogin 9.9 for Ubuntu 22.04 on ", "Set packageVersion to one that is there", "apt-cache"},
		"kept out by its owner": {"", "aadsshlogin | 1.0.2 | https://x jammy/main amd64 Packages\n", said.What, said.Next, "packageVersion"},
	} {
		target, err := distro.Lookup(distro.Release{ID: "ubuntu", VersionID: "22.04", Codename: "jammy"}, "amd64")
		if err != nil {
			t.Fatal(err)
		}
		r := hosttest.New(t)
		m, err := pkgmgr.For(distro.Apt)
		if err != nil {
			t.Fatal(err)
		}
		f := facts.Facts{Target: target, Identity: identity.Answer{Cloud: identity.Clouds()[0]}}
		f.Settings.PackageVersion = c.asked
		source := pkgmgr.Source{ListFile: "/x.list"}
		w := &work{run: &run{}, facts: &f, plan: decide.Plan{Source: source}, session: &pkgmgr.Session{Host: r.Host(), Manager: m, Source: source}}
		r.Expect(m.Versions(source, "aadsshlogin").String(), hosttest.Answer(0, c.madison))
		got := fault.Of(w.offered(t.Context(), said))
		if got.Code != fault.PackageUnavailable || !strings.Contains(got.What, c.what) || !strings.Contains(got.Remedy(), c.next) || strings.Contains(got.What+got.Remedy(), c.not) && c.not != "" {
			t.Errorf("%s: %q, %q", name, got.What, got.Remedy())
		}
		if c.asked != "" && !strings.Contains(got.What, "it has 1.0.2, 1.0.1") {
			t.Errorf("%s: %q", name, got.What)
		}
	}
}
