package handler

import (
	"strings"
	"testing"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/identity"
	"aadsshlogin-handler/internal/repo"
)

// TestClosedClouds: their package hosts have the repositories of apt by
// codename only; a mirror is what its owner made it.
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
		f, ok := fresh(t, "../distro/testdata/os-release/"+c.release)
		if !ok {
			t.Fatal(c.release)
		}
		f.Identity.Cloud, _ = identity.CloudByName(c.cloud)
		f.Settings.Repository.Mode, f.Settings.Repository.BaseURL = c.mode, "https://mirror.example.com"
		p, err := NewPlan(f, goal{newest: true})
		if err != nil || !strings.Contains(PlanText(p), c.want) {
			t.Errorf("%s, %s: %v\n%s", c.cloud, c.release, err, PlanText(p))
		}
		if base, _, _ := strings.Cut(c.want, " "); !strings.HasPrefix(indexAddress(p, f), base+"/") {
			t.Errorf("the index is looked for at %s", indexAddress(p, f))
		}
	}
}

// TestOwnersKeyIsTheOwners: where the owner's entry is used, neither a newer
// extension nor a setting changes the key that it names.
func TestOwnersKeyIsTheOwners(t *testing.T) {
	q, _ := request(t, "enable")
	said := fault.New(fault.RepositoryUntrusted, "The signature is old.", "Update the extension.")
	w := &work{run: &run{Request: q, host: q.Host, log: q.Host.Log}}
	if got := fault.Of(w.diagnosed(t.Context(), said)); got.Remedy() != "Update the extension." {
		t.Errorf("our own entry: %s", got.Remedy())
	}
	w.plan.Existing = &repo.Entry{File: "/etc/apt/sources.list.d/microsoft-prod.list", Line: 3}
	got := fault.Of(w.diagnosed(t.Context(), said))
	if got.Code != fault.RepositoryUntrusted || got.What != said.What || !strings.Contains(got.Remedy(), "microsoft-prod.list") || strings.Contains(got.Remedy(), "Update the extension") {
		t.Errorf("the owner's: %d %s %s", got.Code, got.What, got.Remedy())
	}
}

// TestNeighboursOfTheOwnersEntry: in a file with others, a refresh that fails
// does not end the plan, and is the reason where the package is not found then.
func TestNeighboursOfTheOwnersEntry(t *testing.T) {
	ours := repo.Entry{File: "/etc/apt/sources.list", Line: 3, Enabled: true}
	beside := func(file string, line int, enabled bool) []repo.Entry {
		return []repo.Entry{ours, {File: file, Line: line, Enabled: enabled}}
	}
	for _, c := range []struct {
		name string
		e    *repo.Entry
		all  []repo.Entry
		want bool
	}{
		{"none of the owner's", nil, beside(ours.File, 4, true), false},
		{"alone in its file", &ours, beside("/etc/apt/sources.list.d/ppa.list", 4, true), false},
		{"beside another", &ours, beside(ours.File, 4, true), true},
		{"beside one that is off", &ours, beside(ours.File, 4, false), false},
	} {
		if got := shared(c.e, c.all); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	missing := fault.New(fault.PackageUnavailable, "It is not in the lists.", "")
	broken := fault.New(fault.PackageManagerFailed, "A script failed.", "")
	stale := fault.New(fault.RepositoryUnreachable, "The host does not answer.", "")
	for _, c := range []struct{ stale, err, want error }{
		{nil, missing, missing}, {stale, missing, stale}, {stale, broken, broken}, {stale, nil, nil},
	} {
		if got := (&work{stale: c.stale}).unlisted(c.err); got != c.want {
			t.Errorf("%v, then %v: %v", c.stale, c.err, got)
		}
	}
}
