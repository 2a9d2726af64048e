//go:build rig

package hostile

import (
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestFilesThatCannotChange: hardening guides recommend protecting files with an attribute
// or a mount. The text says which one it is and how to remove it; the package manager is
// not blamed, and after the removal enable succeeds.
func TestFilesThatCannotChange(t *testing.T) {
	for _, c := range []struct {
		name, script, undo string
		code               fault.Code
		says, next         string
	}{
		{"sshd_config has the attribute i", "touch /etc/ssh/sshd_config && chattr +i /etc/ssh/sshd_config", "chattr -i /etc/ssh/sshd_config", 26, "cannot create /etc/ssh/sshd_config: Operation not permitted", "sudo lsattr -d FILE"},
		{"the folder of repositories has it", "touch /etc/apt/sources.list.d && chattr +i /etc/apt/sources.list.d", "chattr -i /etc/apt/sources.list.d", 30, "operation not permitted", "sudo lsattr -d FILE"},
		{"sshd_config is a read-only mount", "mount --bind /etc/ssh/sshd_config /etc/ssh/sshd_config && mount -o remount,ro,bind /etc/ssh/sshd_config", "umount /etc/ssh/sshd_config", 30, "The file system of /etc/ssh/sshd_config is read-only.", "findmnt -T /etc/ssh/sshd_config"},
		{"there is no /tmp", "mv /tmp /tmp.away", "mv /tmp.away /tmp", 26, "there is no folder /tmp", "sudo mkdir -m 1777 /tmp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Persona: roots.Ubuntu("22.04"), Packages: []fixtures.Spec{login(newer)}})
			s.SSHD()
			s.Sh(c.script)
			s.Want(c.code, c.says, c.next)
			s.Sh(c.undo)
			s.Want(0)
			s.Has(fixtures.Login, newer)
		})
	}
}
