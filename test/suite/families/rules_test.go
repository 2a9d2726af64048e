//go:build rig

package families

import (
	"net/http"
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
)

// TestReleaseByRule: a release that is only covered by a rule works, with a warning.
func TestReleaseByRule(t *testing.T) {
	why := map[string]string{
		"ubuntu-26.04":    "found by the rule for Ubuntu",
		"debian-13":       "had no aadsshlogin in January 2026",
		"rhel-11.0":       "found by the rule for RHEL",
		"azurelinux-4.0":  "nobody has seen aadsshlogin in its repository yet",
		"sles-16.0":       "had no aadsshlogin in January 2026",
		"almalinux-10.0":  "packages for RHEL 10 are tried",
		"centos-stream-9": "RHEL of the same major version are tried",
	}
	each(t, newReleases(), scene.Options{}, func(m machine) {
		if why[m.Persona.Name] == "" {
			m.Fatal("%s: nothing says why it is tried", m.Persona.Name)
		}
		m.Want(0).Warns("distro", "is not on the list of tested releases: ", why[m.Persona.Name])
		m.Has("aadsshlogin", newer)
		m.idle()
	})
}

// TestReleaseByRuleWithoutPackage: a release that is only covered by a rule, whose
// repository exists without the package.
func TestReleaseByRuleWithoutPackage(t *testing.T) {
	each(t, newReleases()[:5], scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Dependency + "01", Version: "1.0"}}}, func(m machine) {
		m.Want(28, "aadsshlogin").Warns("distro", "is not on the list of tested releases")
	})
}

// TestReleaseByRuleWithoutRepository: a release that is only covered by a rule, without a
// repository.
func TestReleaseByRuleWithoutRepository(t *testing.T) {
	each(t, newReleases()[:5], scene.Options{}, func(m machine) {
		place := strings.TrimSuffix(m.Target.Repository.Path, "/") + "/..."
		m.Packages.Missing(place)
		m.Packages.Trouble(place, pkghost.Status(http.StatusNotFound, 0))
		m.Want(28)
	})
}

// TestRefusedRelease: a refused release is left unchanged, with everything that is on it.
func TestRefusedRelease(t *testing.T) {
	each(t, refused(), scene.Options{}, func(m machine) {
		before := m.Snapshot()
		m.Want(51)
		for _, line := range m.written(before) {
			m.T.Errorf("the machine was changed: %s", line)
		}
	})
}
