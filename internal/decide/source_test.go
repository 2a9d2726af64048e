package decide

import (
	"strings"
	"testing"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/identity"
	"aadssh/internal/repo"
	"aadssh/pkgmgr"
)

// TestClosedClouds: their package hosts only have the apt repositories by codename; a
// mirror has the paths in the settings.
func TestClosedClouds(t *testing.T) {
	for _, c := range []struct {
		cloud, release string
		mode           agent.Mode
		want           string
	}{
		{"USNat", "ubuntu-22.04", agent.ModeDefault, "https://repodepot.azure.eaglex.ic.gov/microsoft/repos/microsoft-ubuntu-jammy-prod jammy main"},
		{"USSec", "debian-12", agent.ModeDefault, "https://repodepot.azure.microsoft.scloud/microsoft/repos/microsoft-debian-bookworm-prod bookworm main"},
		{"USSec", "rhel-9.4", agent.ModeDefault, "https://repodepot.azure.microsoft.scloud/microsoft/rhel/9/prod"},
		{"AzureUSGovernment", "ubuntu-22.04", agent.ModeDefault, "https://packages.microsoft.com/ubuntu/22.04/prod jammy main"},
		{"USNat", "ubuntu-22.04", agent.ModeMirror, "https://mirror.example.com/ubuntu/22.04/prod jammy main"},
	} {
		f, ok := fresh(t, "../../distro/testdata/os-release/"+c.release)
		if !ok {
			t.Fatal(c.release)
		}
		f.Identity.Cloud, _ = identity.CloudByName(c.cloud)
		f.Settings.Repository.Mode, f.Settings.Repository.BaseURL = c.mode, "https://mirror.example.com"
		p, err := NewPlan(&f, Goal{Newest: true})
		if err != nil || !strings.Contains(PlanText(p), c.want) {
			t.Errorf("%s, %s: %v\n%s", c.cloud, c.release, err, PlanText(p))
		}
		if base, _, _ := strings.Cut(c.want, " "); !strings.HasPrefix(IndexAddress(p, &f), base+"/") {
			t.Errorf("the index is looked for at %s", IndexAddress(p, &f))
		}
	}
}

// A handler that was removed took its key and left its list: the key is written where the
// list names it, if that path is free and the mode allows it.
func TestKeyOfAListThatWasLeft(t *testing.T) {
	const list, key = "/etc/apt/sources.list.d/microsoft-prod.list", "/usr/share/keyrings/microsoft-prod.gpg"
	for name, c := range map[string]struct {
		missing string
		mode    agent.Mode
		want    string // path of the key that is fetched; "": the entry is refused
	}{
		"the key is gone":         {key, agent.ModeDefault, key},
		"something is in the way": {"", agent.ModeDefault, ""},
		"armored, by its name":    {"/etc/apt/keyrings/ms.asc", agent.ModeDefault, "/etc/apt/keyrings/ms.asc"},
		"existing is the owner's": {key, agent.ModeExisting, "nothing"},
	} {
		f, _ := fresh(t, "../../distro/testdata/os-release/ubuntu-22.04")
		f.Settings.Repository.Mode = c.mode
		f.Sources = []repo.Entry{{File: list, Line: 1, URI: "https://packages.microsoft.com/ubuntu/22.04/prod", Suite: "jammy", Components: []string{"main"},
			SignedBy: key, Enabled: true, Why: "its key file " + key + " is not there", MissingKey: c.missing}}
		p, err := NewPlan(&f, Goal{Newest: true})
		if c.want == "" {
			if e := fault.Of(err); e == nil || e.Code != fault.RepositoryUntrusted || !strings.Contains(e.What, list+" line 1") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		fetched := "nothing"
		for _, step := range p.Steps {
			if step.Kind == FetchKey {
				fetched = step.Files[0].Path
			}
		}
		if err != nil || fetched != c.want {
			t.Errorf("%s: the key goes to %s, %v", name, fetched, err)
		}
		if c.mode == agent.ModeDefault && (p.Source.ListFile != list || p.Has(WriteFile)) {
			t.Errorf("%s: the owner's list is not used: %+v", name, p.Source)
		}
	}
}

// TestOwnersEntryBesideOurs: our definition is removed as soon as an administrator
// configures a usable one. (On a machine: TestOwnersEntryComesLater.)
func TestOwnersEntryBesideOurs(t *testing.T) {
	for _, c := range []struct{ enabled, verifies, drops bool }{
		{true, true, true},
		{false, true, false},
		{true, false, false}, // it verifies nothing: reported when the source is needed
	} {
		f, _ := fresh(t, "../../distro/testdata/os-release/ubuntu-22.04")
		f.OwnSource = true
		f.Sources = []repo.Entry{{File: "/etc/apt/sources.list.d/microsoft-prod.list", Line: 1, URI: "https://packages.microsoft.com/ubuntu/22.04/prod", Suite: "jammy",
			Components: []string{"main"}, Enabled: c.enabled, Verifies: c.verifies}}
		m, err := pkgmgr.For(f.Target.Manager)
		if err != nil {
			t.Fatal(err)
		}
		var p Plan
		p.dropOwn(&f, m)
		if dropped := p.Has(DropFile); dropped != c.drops || !dropped && !p.Empty() || len(p.Steps) > 1 {
			t.Errorf("%+v: %s", c, PlanText(p))
		}
	}
}
