//go:build rig

package families

import (
	"bytes"
	"strings"
	"testing"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
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

// TestOwnersEntry: an entry for the same repository that the machine's owner
// has is used, and nothing is put beside it, for apt refuses to work where two
// entries name different keys.
func TestOwnersEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, text string }{
		{"one line", "/etc/apt/sources.list.d/microsoft-prod.list",
			"# from packages-microsoft-prod.deb\ndeb [signed-by=" + ownersKey + "] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n"},
		{"deb822", "/etc/apt/sources.list.d/microsoft-prod.sources",
			"Types: deb\nURIs: https://packages.microsoft.com/ubuntu/22.04/prod/\nSuites: jammy\nComponents: main\nSigned-By: " + ownersKey + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stage.New(t, scene.Options{})
			s.WriteMode(ownersKey, ring(t, keys.Rig()), 0o644)
			s.Write(c.file, c.text)
			s.Want(0)
			if s.Exists(ourList) || s.Exists(ourKey) {
				t.Error("a second entry or keyring was put beside the owner's")
			}
			if b, err := s.ReadFile(c.file); err != nil || string(b) != c.text {
				t.Errorf("the owner's entry is now %q, %v", b, err)
			}
			// apt itself is content with what is there.
			s.Sh("apt-get update -o Dir::Etc::SourceList=/dev/null -o APT::Update::Error-Mode=any")
		})
	}
}

// TestUnusableRepository: where the repository turns out to be of no use, no
// trace of it stays that would fail the owner's own updates.
func TestUnusableRepository(t *testing.T) {
	t.Parallel()
	wrong := keys.Wrong()
	at := "/ubuntu/22.04/prod/"
	gone := func(patterns ...string) func(*testing.T, *stage.Stage) {
		return func(_ *testing.T, s *stage.Stage) {
			for _, p := range patterns {
				s.Packages.Trouble(p, pkghost.Status(404, 0))
			}
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, *stage.Stage)
		code  int
		says  string
	}{
		{"no Release", gone(at + "dists/..."), 28, "has no repository"},
		{"no key", gone("/keys/microsoft.asc"), 20, "/keys/microsoft.asc"},
		{"another key", func(_ *testing.T, s *stage.Stage) { s.Packages.File("/keys/microsoft.asc", wrong.Public) }, 27, wrong.Fingerprint},
		{"another signature", func(t *testing.T, s *stage.Stage) {
			s.OfferAt(strings.TrimSuffix(at, "/"), &wrong, fixtures.Spec{Name: fixtures.Login, Version: scene.Version})
		}, 27, ""},
		{"changed Packages", func(_ *testing.T, s *stage.Stage) { s.Packages.Trouble(at+"dists/jammy/main/...", pkghost.Corrupt()) }, 20, ""},
		{"changed Release", func(_ *testing.T, s *stage.Stage) {
			s.Packages.Trouble(at+"dists/jammy/InRelease", pkghost.Corrupt())
			s.Packages.Missing(at+"dists/jammy/Release", at+"dists/jammy/Release.gpg")
		}, 20, "signed"},
		{"no package file", gone(at + "pool/..."), 20, "404"},
		{"changed package file", func(_ *testing.T, s *stage.Stage) { s.Packages.Trouble(at+"pool/...", pkghost.Corrupt()) }, 20, ""},
		{"package not in it", func(t *testing.T, s *stage.Stage) { s.Offer() }, 28, "aadsshlogin"},
		{"a portal's page", func(_ *testing.T, s *stage.Stage) {
			s.Packages.Trouble("/...", pkghost.Page("<html>Sign in to the guest network</html>"))
		}, 27, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stage.New(t, scene.Options{Timeout: 60e9})
			c.spoil(t, s)
			before := s.Snapshot()
			s.Want(c.code, c.says)
			// apt's own memory, and ours.
			s.Unchanged(before, stage.Home, stage.Logs, agentrun.Lib, "/var/lib/aadsshlogin-handler", "/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend")
			if b, err := s.ReadFile("/var/lib/aadsshlogin-handler/receipt.json"); err == nil && bytes.Contains(b, []byte("aadsshlogin.list")) {
				t.Errorf("the receipt still names our list: %s", b)
			}
		})
	}
}

// TestOldKeyring: a keyring of an earlier installation is not taken for the
// right one because it is there.
func TestOldKeyring(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{})
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

// TestLockNamesTheProcess: waiting for another package manager ends with its
// name.
func TestLockNamesTheProcess(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{Timeout: 15e9})
	_, err := s.Start(box.Environment(), "python3", "-c", `
import fcntl, time
f = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open("/run/held", "w").close()
time.sleep(600)`)
	s.Must(err)
	s.Until("the lock is held", func() bool { return s.Exists("/run/held") })
	pid := strings.TrimSpace(s.Sh("pgrep -x python3"))
	s.Want(25, "python3", "process "+pid, "/var/lib/dpkg/lock-frontend")
}
