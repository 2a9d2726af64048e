//go:build rig

package families

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// image is a machine whose packages come with its image, and how that is recognized.
type image struct {
	name   string
	from   string
	change string // shell, on the machine: what makes it such a machine
	sign   string // named in the text of code 51
}

// readOnly makes the root file system read-only, except what has to be written.
const readOnly = "for d in /var /run /tmp /etc; do mount --bind $d $d; done; mount -o remount,ro,bind /; "

func images() []image {
	variant := func(v string) string {
		return "echo VARIANT_ID=" + v + " >> /usr/lib/os-release"
	}
	rhel, azure, sles := "rhel-9.4", "azurelinux-3.0", "sles-15.6"
	return []image{
		{"Azure Container Linux", azure, variant("azurecontainerlinux"), "VARIANT_ID=azurecontainerlinux"},
		{"OS Guard", "azurelinux-4.0", variant("osguard"), "VARIANT_ID=osguard"},
		{"CoreOS", rhel, variant("coreos") + "; touch /run/ostree-booted", "VARIANT_ID=coreos"},
		{"SL Micro", sles, variant("transactional"), "VARIANT_ID=transactional"},
		{"an ostree root without a variant", rhel, "touch /run/ostree-booted", "/run/ostree-booted"},
		{"an ostree root with apt", "debian-12", "touch /run/ostree-booted", "/run/ostree-booted"},
		{"a transactional root without a variant", sles, "touch /usr/sbin/transactional-update; " + readOnly, "transactional-update"},
	}
}

// bake installs the package as somebody does who builds an image.
func (m machine) bake() {
	m.T.Helper()
	spec := fixtures.Spec{Name: fixtures.Login, Version: newer}
	build, install := fixtures.RPM, "rpm -U --nodeps "
	if m.Persona.Family == roots.Apt {
		build, install = fixtures.Deb, "dpkg -i "
	}
	file, err := build(m.T.Context(), m.Cache, spec)
	m.Must(err)
	content, err := os.ReadFile(file)
	m.Must(err)
	m.Write("/baked/"+filepath.Base(file), string(content))
	m.Sh(install + "/baked/*; rm -r /baked")
}

// TestImageBasedSystems: if the packages are not in the image the code is 51, and nothing
// is written except the status, the log and the lock; otherwise it is 0, and nothing is
// repaired.
func TestImageBasedSystems(t *testing.T) {
	for _, i := range images() {
		t.Run(i.name, func(t *testing.T) {
			t.Run("without the packages", func(t *testing.T) {
				m := start(t, i.from, scene.Options{})
				m.Sh(i.change)
				before := m.Snapshot()
				m.Want(51, i.sign, "aadsshlogin")
				if changed := m.written(before); len(changed) > 0 {
					t.Errorf("written: %s", strings.Join(changed, "\n"))
				}
			})
			t.Run("with the packages", func(t *testing.T) {
				m := start(t, i.from, scene.Options{})
				m.bake()
				m.Sh(i.change)
				before := m.Snapshot()
				m.calm(m.Want(0))
				for _, line := range m.written(before) {
					if !strings.Contains(line, "aadsshlogin-handler") { // the watch's and the state folder
						t.Errorf("written: %s", line)
					}
				}
				m.Has("aadsshlogin", newer)
				// What would be repaired elsewhere is reported here, and stays.
				m.Sh("sed -i '/aad_certhandler/d' /etc/ssh/sshd_config")
				m.GoalState.Sequence++
				before = m.Snapshot()
				m.Want(51, i.sign, "cannot be repaired on a running machine")
				if changed := m.written(before); len(changed) > 0 {
					t.Errorf("written: %s", strings.Join(changed, "\n"))
				}
			})
		})
	}
}

// TestReadOnlyUsrAlone: a read-only /usr alone is a fault of the machine.
func TestReadOnlyUsrAlone(t *testing.T) {
	for _, r := range typical() {
		t.Run(r, func(t *testing.T) {
			m := start(t, r, scene.Options{})
			m.Sh("mount --bind /usr /usr && mount -o remount,ro,bind /usr")
			m.Want(30, "read-only")
			m.Has("aadsshlogin", "")
		})
	}
}

// TestDerivativesAreNotTheirParent: a derivative with its parent's ID is not treated as its
// parent.
func TestDerivativesAreNotTheirParent(t *testing.T) {
	for name, c := range map[string]struct {
		from   string
		change string
	}{
		"Ubuntu 22.04 called otherwise": {"ubuntu-22.04", "s/jammy/vera/"},
		"Debian 12 called otherwise":    {"debian-12", "s/bookworm/kali-rolling/"},
		"Debian 13 called otherwise":    {"debian-13", "s/trixie/crimson/"},
	} {
		t.Run(name, func(t *testing.T) {
			m := start(t, c.from, scene.Options{})
			m.Sh("sed -i '" + c.change + "' /usr/lib/os-release")
			before := m.Snapshot()
			m.Want(51)
			if changed := m.written(before); len(changed) > 0 {
				t.Errorf("written: %s", strings.Join(changed, "\n"))
			}
		})
	}
}
