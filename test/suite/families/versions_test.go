//go:build rig

package families

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
)

// TestPinnedRelease: SUSE before 15.6 keeps the version that works there.
func TestPinnedRelease(t *testing.T) {
	each(t, []string{"sles-15.5", "leap-15.5"},
		scene.Options{Packages: login(pinned, newer)}, func(m machine) {
			m.calm(m.Want(0))
			m.Has("aadsshlogin", pinned)
			m.idle()
			m.Offer(login(pinned, newer, newest)...)
			m.update("1.0.2.0")
			m.Want(0)
			m.Has("aadsshlogin", pinned)
			m.idle()

			// The version in the settings has precedence over the row's.
			m.Set(`{"packageVersion": "` + newer + `"}`)
			m.Want(0)
			m.Has("aadsshlogin", newer)
		})
}

// TestPackageVersion: the version in the settings is installed, on a fresh machine, up and
// down. A version that does not exist removes nothing.
func TestPackageVersion(t *testing.T) {
	each(t, typical(), scene.Options{Packages: login(older, newer)}, func(m machine) {
		for _, version := range []string{older, newer, older} {
			m.Set(`{"packageVersion": "` + version + `"}`)
			m.Want(0, version)
			m.Has("aadsshlogin", version)
		}
		m.Set(`{"packageVersion": "9.9"}`)
		m.Want(28, "9.9")
		m.Has("aadsshlogin", older)
	})
}

func TestPinIsNotThere(t *testing.T) {
	each(t, []string{"sles-15.5"}, scene.Options{Packages: login(newer)}, func(m machine) {
		m.Want(28, pinned)
		m.Has("aadsshlogin", "")
	})
	each(t, kinds(), scene.Options{Packages: login(newer)}, func(m machine) {
		m.Set(`{"packageVersion": "1.0.999"}`)
		m.Want(28, "1.0.999")
		m.Has("aadsshlogin", "")
	})
}

// TestPackageOnHold: a package that a person has put on hold is kept, and the text says so.
func TestPackageOnHold(t *testing.T) {
	holds := map[string]struct{ on, where string }{
		"ubuntu-22.04": {"apt-mark hold aadsshlogin", "apt-mark"},
		"rhel-9.4":     {"echo excludepkgs=aadsshlogin >> /etc/dnf/dnf.conf", "exclude"},
		"sles-15.6":    {"zypper -n addlock aadsshlogin", "zypper locks"},
	}
	each(t, typical(), scene.Options{Packages: login(older)}, func(m machine) {
		m.Want(0)
		hold := holds[m.Persona.Name]
		m.Sh(hold.on)
		m.idle()
		m.Offer(login(older, newer)...)
		m.update("1.0.2.0")
		m.Want(0).Warns("packages", "aadsshlogin", older)
		m.Has("aadsshlogin", older)
		m.idle()

		// The version in the settings contradicts the hold.
		m.Set(`{"packageVersion": "` + newer + `"}`)
		report := m.Want(26, "aadsshlogin")
		if !strings.Contains(report.Report.Extension.Message, hold.where) {
			m.Fatal("the status does not say where to look (%s): %s", hold.where, report.Report.Extension.Message)
		}
		m.Has("aadsshlogin", older)
	})
}

// broken is a newest version with dependencies that this release does not have
// (policycoreutils on RHEL's extended support, libsemanage on SLES).
func broken() fixtures.Spec {
	return fixtures.Spec{Name: fixtures.Login, Version: newest, Depends: []string{"libsemanage.so.2"}}
}

// TestNewestIsNotInstallable: the newest version that can be installed is installed, and
// both are named, also by enable, which does not ask the repository.
func TestNewestIsNotInstallable(t *testing.T) {
	each(t, kinds(), scene.Options{Packages: append(login(older, newer), broken())}, func(m machine) {
		m.Want(0).Warns("packages", newer, newest)
		m.Has("aadsshlogin", newer)
		m.idle()
		m.Want(0).Warns("packages", newer, newest)
	})
}

func TestNewestIsNotInstallableOverAnOlderOne(t *testing.T) {
	each(t, kinds(), scene.Options{Packages: login(older)}, func(m machine) {
		m.Want(0)
		m.Offer(append(login(older, newer), broken())...)
		m.update("1.0.2.0")
		m.Want(0).Warns("packages", newer, newest)
		m.Has("aadsshlogin", newer)
		// There is no version in between: it stays, and the text says why.
		m.update("1.0.3.0")
		m.Want(0).Warns("packages", newer, newest)
		m.Has("aadsshlogin", newer)
		// A corrected one ends the warning.
		m.Offer(login(older, newer, newest)...)
		m.update("1.0.4.0")
		m.calm(m.Want(0))
		m.Has("aadsshlogin", newest)
	})
}

// TestOwnersBest: an update goes to the newest version also where the machine's own dnf is
// content with an older one.
func TestOwnersBest(t *testing.T) {
	each(t, []string{"rhel-8.10", "rhel-9.4", "azurelinux-4.0"}, scene.Options{}, func(m machine) {
		m.Want(0)
		m.Write("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\nbest=0\n")
		m.Offer(login(newer, newest)...)
		m.update("1.0.2.0")
		m.Want(0)
		m.Has("aadsshlogin", newest)
	})
}
