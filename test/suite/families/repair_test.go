//go:build rig

package families

import (
	"strings"
	"testing"

	"aadssh/internal/state"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
)

// TestRepairWithoutNetwork: the verified package files are kept, so a broken sign-in and a
// removed package are repaired with the package host down. Ubuntu 22.04 and RHEL 9, where a
// person then signs in, are in TestRepairOffline and TestPackageRemoved of signin.
func TestRepairWithoutNetwork(t *testing.T) {
	each(t, []string{"sles-15.6", "rhel-7.9", "azurelinux-3.0", "azurelinux-4.0", "mariner-2.0"}, scene.Options{}, func(m machine) {
		m.Want(0)
		m.Packages.Down()
		m.Sh("sed -i '/aad_certhandler/d' /etc/ssh/sshd_config")
		m.GoalState.Sequence++
		m.Want(0)
		if !m.registered() {
			m.Fatal("it was not registered again")
		}
		m.Sh("rpm -e aadsshlogin")
		m.GoalState.Sequence++
		m.Want(0)
		m.Has("aadsshlogin", newer)
		if !m.registered() {
			m.Fatal("it was not registered again")
		}
	})
}

// TestRepairWithoutTheKeptFile: the package is reinstalled from the repository if its kept
// file is missing or was changed, even if no repository is configured on the machine any
// more.
func TestRepairWithoutTheKeptFile(t *testing.T) {
	for name, files := range map[string]string{
		"gone":                            "rm " + state.PackagesDir + "/*",
		"cut short":                       "truncate -s 1000 " + state.PackagesDir + "/*",
		"gone, and so is the definition":  "rm " + state.PackagesDir + "/* $(ls /etc/apt/sources.list.d/aadsshlogin* /etc/yum.repos.d/aadsshlogin* 2>/dev/null)",
		"another, and the lists are gone": "echo x > $(ls " + state.PackagesDir + "/* | head -n1); rm -rf /var/lib/apt/lists/* /var/cache/dnf/* /var/cache/apt/archives/*.deb",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, []string{"ubuntu-22.04", "rhel-9.4"}, scene.Options{}, func(m machine) {
				m.Want(0)
				m.Sh(`sed -i '/Added by aadsshlogin installer/,$d' /etc/ssh/sshd_config; ` + files)
				m.Want(0)
				if out := m.Sh("cat /etc/ssh/sshd_config; ls -s " + state.PackagesDir); !strings.Contains(out, "aad_certhandler") || !strings.Contains(out, "aadsshlogin") {
					m.T.Errorf("the block or the kept file is not back:\n%s", out)
				}
			})
		})
	}
}

// TestVerification: what breaks the sign-in of an installed package is found. A package
// that registers again when it is reinstalled repairs the machine; otherwise the code is
// 21, with what is missing.
func TestVerification(t *testing.T) {
	const comment = `sed -i -E '/^Match User \*@\*/,$ s/^/#/' /etc/ssh/sshd_config`
	for _, c := range []struct {
		name  string
		spoil string
		heals bool // by a reinstallation of a package that registers each time
		says  string
	}{
		{name: "Match block commented out", spoil: comment, heals: false, says: "aad_certhandler"},
		{name: "Match block gone", spoil: `sed -i '/Added by aadsshlogin installer/,$d' /etc/ssh/sshd_config`, heals: true, says: "aad_certhandler"},
		{name: "nsswitch reset", spoil: `sed -i -E 's/[[:space:]]+aad([[:space:]]|$)/\1/' /etc/nsswitch.conf`, heals: true, says: "nsswitch"},
		{name: "PAM profile off", spoil: `pam-auth-update --package --remove aad`, heals: true, says: "pam_aad"},
		{name: "PAM modified by hand", spoil: `sed -i '/pam_aad/d' /etc/pam.d/common-auth /etc/pam.d/common-account`, heals: false, says: "pam_aad"},
		{name: "sshd_config broken", spoil: `echo 'NoSuchOption yes' >> /etc/ssh/sshd_config`, heals: false, says: "NoSuchOption"},
	} {
		for _, firstOnly := range []bool{false, true} {
			name := c.name
			if firstOnly {
				name += ", registers only once"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := start(t, "ubuntu-22.04", scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: newer, FirstOnly: firstOnly}}})
				s.Want(0)
				s.Sh(c.spoil)
				if c.heals && !firstOnly {
					s.Want(0)
					return
				}
				s.Want(21, c.says)
			})
		}
	}
}
