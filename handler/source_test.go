package handler

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
)

// TestOwnersKeyIsTheOwners: if an administrator's entry is used, neither a newer extension
// nor a setting changes the key that it names.
func TestOwnersKeyIsTheOwners(t *testing.T) {
	q, _ := request(t, "enable")
	said := fault.New(fault.RepositoryUntrusted, "The signature is old.", "Update the extension.")
	w := &work{run: &run{Request: q, host: q.Host, log: q.Host.Log}, facts: &facts.Facts{}}
	if got := fault.Of(w.diagnosed(t.Context(), said)); got.Remedy() != "Update the extension." {
		t.Errorf("our own entry: %s", got.Remedy())
	}
	w.plan.Existing = &repo.Entry{File: "/etc/apt/sources.list.d/microsoft-prod.list", Line: 3}
	got := fault.Of(w.diagnosed(t.Context(), said))
	if got.Code != fault.RepositoryUntrusted || got.What != said.What || !strings.Contains(got.Remedy(), "microsoft-prod.list") || strings.Contains(got.Remedy(), "Update the extension") {
		t.Errorf("the owner's: %d %s %s", got.Code, got.What, got.Remedy())
	}
}

// TestNeighboursOfTheOwnersEntry: in a file with other entries, a refresh that fails does
// not end the plan, but is the reason if the package is then not found.
func TestNeighboursOfTheOwnersEntry(t *testing.T) {
	ours := repo.Entry{File: "/etc/apt/sources.list", Line: 3, Enabled: true}
	other := func(file string, line int, enabled bool) []repo.Entry {
		return []repo.Entry{ours, {File: file, Line: line, Enabled: enabled}}
	}
	for _, c := range []struct {
		name string
		e    *repo.Entry
		all  []repo.Entry
		want bool
	}{
		{"none of the owner's", nil, other(ours.File, 4, true), false},
		{"alone in its file", &ours, other("/etc/apt/sources.list.d/ppa.list", 4, true), false},
		{"beside another", &ours, other(ours.File, 4, true), true},
		{"beside one that is off", &ours, other(ours.File, 4, false), false},
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

// TestSignatureThatIsNone: a portal's answer in place of a signature does not count as one
// by an untrusted key, whatever the package manager says.
func TestSignatureThatIsNone(t *testing.T) {
	answers := http.NewServeMux()
	answers.HandleFunc("/portal/repodata/repomd.xml.asc", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>Please log in to the guest network</html>")
	})
	answers.HandleFunc("/other/repodata/repomd.xml.asc", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n")
	})
	server := httptest.NewServer(answers)
	defer server.Close()
	q, _ := request(t, "enable")
	w := &work{run: &run{Request: q, host: q.Host, log: q.Host.Log}, facts: &facts.Facts{Target: distro.Target{Manager: distro.Yum}}}
	for path, want := range map[string]fault.Code{"portal": fault.RepositoryUnreachable, "other": fault.RepositoryUntrusted, "unsigned": fault.RepositoryUntrusted} {
		said := fault.New(fault.RepositoryUntrusted, "The metadata is not signed with a key that this machine accepts for it.", "Update the extension.")
		if got := fault.Of(w.signed(t.Context(), said, server.URL+"/"+path+"/repodata/repomd.xml")); got.Code != want {
			t.Errorf("%s: %d %s, want %d", path, got.Code, got.What, want)
		}
	}
}
