//go:build rig

package families

import (
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// SUSE before 15.6 stays at the version that runs there.
func TestPinnedRelease(t *testing.T) {
	each(t, []release{{"sles-15.5", roots.Bookworm, roots.Zypper}, {"leap-15.5", roots.Bookworm, roots.Zypper}},
		scene.Options{Packages: login(pinned, newer)}, func(m machine) {
			m.calm(m.want(0))
			m.has("aadsshlogin", pinned)
			m.idle()
			m.offer(login(pinned, newer, newest)...)
			m.update("1.0.2.0")
			m.want(0)
			m.has("aadsshlogin", pinned)
			m.idle()

			// Its owner's word goes before the row's.
			m.set(`{"packageVersion": "` + newer + `"}`)
			m.want(0)
			m.has("aadsshlogin", newer)
		})
}

func TestPinIsNotThere(t *testing.T) {
	each(t, []release{{"sles-15.5", roots.Bookworm, roots.Zypper}}, scene.Options{Packages: login(newer)}, func(m machine) {
		m.want(28, pinned)
		m.has("aadsshlogin", "")
	})
	each(t, kinds(), scene.Options{Packages: login(newer)}, func(m machine) {
		m.set(`{"packageVersion": "1.0.999"}`)
		m.want(28, "1.0.999")
		m.has("aadsshlogin", "")
	})
}

// A person who keeps the package as it is is listened to, and told.
func TestHeldAsItIs(t *testing.T) {
	holds := map[string]struct{ on, where string }{
		"ubuntu-22.04": {"apt-mark hold aadsshlogin", "apt-mark"},
		"rhel-9.4":     {"echo excludepkgs=aadsshlogin >> /etc/dnf/dnf.conf", "exclude"},
		"sles-15.6":    {"zypper -n addlock aadsshlogin", "zypper locks"},
	}
	each(t, typical(), scene.Options{Packages: login(older)}, func(m machine) {
		m.want(0)
		hold := holds[m.persona.Name]
		m.sh(hold.on)
		m.idle()
		m.offer(login(older, newer)...)
		m.update("1.0.2.0")
		m.warned(m.want(0), "packages", "aadsshlogin", older)
		m.has("aadsshlogin", older)
		m.idle()

		// What its owner asks for cannot be had beside what its owner forbids.
		m.set(`{"packageVersion": "` + newer + `"}`)
		report := m.want(26, "aadsshlogin")
		if !strings.Contains(report.Extension.Message, hold.where) {
			m.fatal("the status does not say where to look (%s): %s", hold.where, report.Extension.Message)
		}
		m.has("aadsshlogin", older)
	})
}

// broken is a newest version that wants what this release does not have
// (policycoreutils on RHEL's extended support, libsemanage on SLES).
func broken() fixtures.Spec {
	return fixtures.Spec{Name: fixtures.Login, Version: newest, Depends: []string{"libsemanage.so.2"}}
}

// The newest version that can be installed is, and both are named, also by
// enable, which does not ask the repository.
func TestNewestIsNotInstallable(t *testing.T) {
	each(t, kinds(), scene.Options{Packages: append(login(older, newer), broken())}, func(m machine) {
		m.warned(m.want(0), "packages", newer, newest)
		m.has("aadsshlogin", newer)
		m.idle()
		m.warned(m.want(0), "packages", newer, newest)
	})
}

func TestNewestIsNotInstallableOverAnOlderOne(t *testing.T) {
	each(t, kinds(), scene.Options{Packages: login(older)}, func(m machine) {
		m.want(0)
		m.offer(append(login(older, newer), broken())...)
		m.update("1.0.2.0")
		m.warned(m.want(0), "packages", newer, newest)
		m.has("aadsshlogin", newer)
		// Nothing between them: it stays, and says why.
		m.update("1.0.3.0")
		m.warned(m.want(0), "packages", newer, newest)
		m.has("aadsshlogin", newer)
		// A corrected one ends the warning.
		m.offer(login(older, newer, newest)...)
		m.update("1.0.4.0")
		m.calm(m.want(0))
		m.has("aadsshlogin", newest)
	})
}
