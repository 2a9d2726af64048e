package handler

import (
	"testing"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/repo"
	"aadssh/pkgmgr"
)

// TestNamed: a manager's name of a key is replaced by its full fingerprint.
func TestNamed(t *testing.T) {
	const key = "22C3281A92D14003FB53BBE8155C3D5C17105335"
	for said, want := range map[string]string{
		"Signed with key 155C3D5C17105335, which is not one.":                                  "Signed with key " + key + ", which is not one.",
		"Signed with key 22C3 281A 92D1 4003 FB53 BBE8 155C 3D5C 1710 5335, which is not one.": "Signed with key " + key + ", which is not one.",
		"It is not signed with a key that is accepted.":                                        "It is not signed with a key that is accepted. The signature there is by the key " + key + ".",
	} {
		if got := named(said, []string{key}); got != want {
			t.Errorf("%q: %q", said, got)
		}
	}
}

// TestNotServed: a key of an entry that its server refuses is named, whatever the words of
// the error are; a server that fails is no refusal.
func TestNotServed(t *testing.T) {
	const key = "https://packages.example.invalid/keys/own.asc"
	entry := repo.Entry{SignedBy: key}
	for said, want := range map[string]string{
		"Error: Status code: 404 for " + key + " (IP: 192.0.2.1)":                                        key,
		"Error: Status code: 403 for " + key + " (IP: 192.0.2.1)":                                        key,
		"Error: Status code: 503 for " + key + " (IP: 192.0.2.1)":                                        "",
		"Error: Status code: 404 for https://packages.example.invalid/other.asc (IP: 192.0.2.1)":         "",
		"Error: Status code: 404 for https://mirror.example.invalid/keys/own.asc (IP: 192.0.2.1)":        "",
		"Curl error (6): Couldn't resolve host name for " + key + " [Could not resolve host: x.invalid]": "",
	} {
		m, err := pkgmgr.For(distro.Dnf)
		if err != nil {
			t.Fatal(err)
		}
		f := m.Classify(host.Command{Name: "dnf"}, host.Result{ExitCode: 1, Stderr: []byte(said + "\n")})
		if f == nil {
			t.Fatalf("%q is not known", said)
		}
		f.What = "Other words."
		if got := notServed(entry, f); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
