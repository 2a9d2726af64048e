//go:build rig

package families

import (
	"testing"

	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// The verified package files stay: sign-in that something broke, and a package
// that somebody removed, are mended with the package host down, on every manager.
func TestRepairWithoutNetwork(t *testing.T) {
	releases := append(kinds(), release{"mariner-2.0", roots.Bullseye, roots.Tdnf})
	each(t, releases, scene.Options{}, func(m machine) {
		m.want(0)
		m.Packages.Down()
		m.sh("sed -i '/aad_certhandler/d' /etc/ssh/sshd_config")
		m.goal.Sequence++
		m.want(0)
		if !m.registered() {
			m.fatal("it was not registered again")
		}
		remove := "rpm -e aadsshlogin"
		if m.persona.Family == roots.Apt {
			remove = "dpkg --purge aadsshlogin"
		}
		m.sh(remove)
		m.goal.Sequence++
		m.want(0)
		m.has("aadsshlogin", newer)
		if !m.registered() {
			m.fatal("it was not registered again")
		}
	})
}
