//go:build rig

package families

import (
	"testing"

	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// The verified package files stay: sign-in that something broke, and a package
// that somebody removed, are mended with the package host down, on every manager.
func TestRepairWithoutNetwork(t *testing.T) {
	releases := append(kinds(), release{"mariner-2.0", roots.Bullseye, roots.Tdnf})
	each(t, releases, scene.Options{}, func(m machine) {
		m.Want(0)
		m.Packages.Down()
		m.Sh("sed -i '/aad_certhandler/d' /etc/ssh/sshd_config")
		m.GoalState.Sequence++
		m.Want(0)
		if !m.registered() {
			m.Fatal("it was not registered again")
		}
		remove := "rpm -e aadsshlogin"
		if m.Persona.Family == roots.Apt {
			remove = "dpkg --purge aadsshlogin"
		}
		m.Sh(remove)
		m.GoalState.Sequence++
		m.Want(0)
		m.Has("aadsshlogin", newer)
		if !m.registered() {
			m.Fatal("it was not registered again")
		}
	})
}
