//go:build rig

package families

import (
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

const (
	ourList   = "/etc/apt/sources.list.d/aadsshlogin.list"
	ourKey    = "/usr/share/keyrings/aadsshlogin.gpg"
	ownersKey = "/usr/share/keyrings/microsoft-prod.gpg"
)

// ring is a key as a keyring for apt.
func ring(t *testing.T, k keys.Key) string {
	t.Helper()
	b, err := k.Binary()
	stage.Must(t, err)
	return string(b)
}

// TestUnusableRepository: if the repository turns out to be unusable, nothing stays that
// would fail the machine's own updates.
func TestUnusableRepository(t *testing.T) {
	wrong := keys.Wrong()
	at := "/ubuntu/22.04/prod/"
	gone := func(patterns ...string) func(machine) {
		return func(s machine) {
			for _, p := range patterns {
				s.Packages.Trouble(p, pkghost.Status(404, 0))
			}
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(machine)
		code  fault.Code
		says  string
	}{
		{"no Release", gone(at + "dists/..."), 28, "has no repository"},
		{"no key", gone("/keys/microsoft.asc"), 20, "https://packages.microsoft.com/keys/microsoft.asc"},
		{"another key", func(s machine) { s.Packages.File("/keys/microsoft.asc", wrong.Public) }, 27, wrong.Fingerprint},
		{"changed Packages", func(s machine) { s.Packages.Trouble(at+"dists/jammy/main/...", pkghost.Corrupt()) }, 20, ""},
		{"changed Release", func(s machine) {
			s.Packages.Trouble(at+"dists/jammy/InRelease", pkghost.Corrupt())
			s.Packages.Missing(at+"dists/jammy/Release", at+"dists/jammy/Release.gpg")
		}, 20, "signed"},
		{"no package file", gone(at + "pool/..."), 20, "404"},
		{"changed package file", func(s machine) { s.Packages.Trouble(at+"pool/...", pkghost.Corrupt()) }, 20, ""},
		{"a portal's page", func(s machine) {
			s.Packages.Trouble("/...", pkghost.Page("<html>Sign in to the guest network</html>"))
		}, 27, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, "ubuntu-22.04", scene.Options{})
			c.spoil(s)
			before := s.Snapshot()
			s.Want(c.code, c.says)
			s.undone(before)
		})
	}
}

// TestOldKeyring: a keyring from an earlier installation is not trusted just because it
// exists.
func TestOldKeyring(t *testing.T) {
	t.Parallel()
	s := start(t, "ubuntu-22.04", scene.Options{})
	s.WriteMode(ourKey, ring(t, keys.Wrong()), 0o600)
	s.Write(ourList, "deb [signed-by="+ourKey+"] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n")
	s.Want(0)
	if b, err := s.ReadFile(ourKey); err != nil || string(b) != ring(t, keys.Rig()) {
		t.Errorf("the keyring is not the vendor's key: %d bytes, %v", len(b), err)
	}
	if mode := s.Sh("stat -c %a " + ourKey); mode != "644\n" {
		t.Errorf("apt's own user cannot read the keyring: mode %s", mode)
	}
}
