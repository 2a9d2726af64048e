//go:build rig

package families

import (
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestVerification: what takes sign-in away from an installed package is found.
// A package that registers again when it is reinstalled heals the machine; one
// that does not is 21 with what is missing.
func TestVerification(t *testing.T) {
	t.Parallel()
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
				s := stage.New(t, scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: scene.Version, FirstOnly: firstOnly}}})
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
