//go:build rig

package hostile

import (
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
)

// TestUninstallLeavesTheMachineAsItWas: every file of the machine after an
// uninstall is what it was before install, but for logs, caches, and what the
// package manager itself keeps of its past.
func TestUninstallLeavesTheMachineAsItWas(t *testing.T) {
	s := newMachine(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
	// The files that the package's scripts edit are copied up first, so that
	// they are in both snapshots.
	s.Shf("for f in /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/nsswitch.conf /etc/ssh/sshd_config /etc/pam.d/common-* /var/lib/dpkg/status; do cp -p $f $f.x && mv $f.x $f; done")
	packages := s.Shf("dpkg-query -W")
	before := s.Snapshot()
	s.Want(0)
	s.Has(fixtures.Login, newer)
	if _, err := s.Agent.Uninstall(t.Context(), s.Goal()); err != nil {
		t.Fatal(err)
	}
	if after := s.Shf("dpkg-query -W"); after != packages {
		t.Errorf("other packages than before:\n%s", after)
	}
	s.SameContent(before,
		"/var/cache/apt", "/var/cache/ldconfig", "/var/cache/debconf", "/etc/ld.so.cache",
		"/var/lib/dpkg", "/var/log", "/var/lib/apt/extended_states", "/var/lib/apt/lists/lock", "/var/lib/pam",
		"/etc/.pwd.lock", "/etc/group-", "/etc/gshadow-", "/etc/passwd-", "/etc/shadow-")
	if rest := s.Shf("find / -xdev \\( -iname '*aadssh*' -o -iname '*microsoft*' \\) ! -path '/proc/*' ! -path '/etc/ssl/*' ! -path '/usr/share/ca-certificates/*' ! -path '/sys/*' ! -path '/var/log/*' ! -path '/run/*' ! -path '/var/lib/waagent/*'"); rest != "" {
		t.Errorf("of ours is left:\n%s", rest)
	}
}
