//go:build rig

package families

import (
	"fmt"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestNamesakeOfOurRepository: with another definition under our ID, in a file that comes
// first, which verifies nothing, its package is not installed although it is newer.
func TestNamesakeOfOurRepository(t *testing.T) {
	each(t, rpms(), scene.Options{}, func(m machine) {
		m.OfferAt("/stranger", nil, fixtures.Spec{Name: fixtures.Login, Version: "99", Signing: fixtures.Unsigned})
		folder := "/etc/yum.repos.d/"
		if m.Persona.Family == roots.Zypper {
			folder = "/etc/zypp/repos.d/"
		}
		m.Write(folder+"aaa.repo", fmt.Sprintf("[%s]\nname=x\nbaseurl=https://%s/stranger\nenabled=1\ngpgcheck=0\nrepo_gpgcheck=0\npkg_gpgcheck=0\n", m.Target.Repository.ID, pkghost.Name))
		m.Want(0)
		m.Has("aadsshlogin", newer)
	})
}
