//go:build rig

package families

import (
	"os"
	"path/filepath"
	"testing"

	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/scene"
)

// selinux is what a kernel shows that has SELinux enabled (selinuxfs).
func selinux(t *testing.T, enforce string) box.Options {
	t.Helper()
	dir := t.TempDir()
	ok(t, os.Mkdir(filepath.Join(dir, "selinux"), 0o755))
	ok(t, os.WriteFile(filepath.Join(dir, "selinux", "enforce"), []byte(enforce), 0o644))
	return box.Options{Binds: []box.Bind{{From: dir, To: "/sys/fs"}}}
}

func both(version string) []fixtures.Spec {
	return append(login(version), fixtures.Spec{Name: fixtures.SELinux, Version: version})
}

// The package goes where the kernel has SELinux enabled, enforcing or not, and
// nowhere else.
func TestSELinuxPackage(t *testing.T) {
	t.Run("permissive", func(t *testing.T) {
		each(t, typical(), scene.Options{Packages: both(newer), Box: selinux(t, "0")}, func(m machine) {
			m.want(0)
			m.has("aadsshlogin-selinux", newer)
		})
	})
	each(t, kinds(), scene.Options{Packages: both(newer), Box: selinux(t, "1")}, func(m machine) {
		before := m.snapshot()
		m.want(0)
		m.has("aadsshlogin", newer)
		m.has("aadsshlogin-selinux", newer)
		m.idle()
		// It is required: one that somebody removed comes back.
		m.sh("dpkg --purge aadsshlogin-selinux 2>/dev/null || rpm -e aadsshlogin-selinux")
		m.want(0)
		m.has("aadsshlogin-selinux", newer)
		m.leave()
		m.has("aadsshlogin-selinux", "")
		for _, line := range m.leftover(before) {
			if line != "+ /usr/share/aadsshlogin-selinux" { // the fixture's rpm does not own its folder
				m.t.Errorf("left behind: %s", line)
			}
		}
	})
}

func TestWithoutSELinux(t *testing.T) {
	each(t, typical(), scene.Options{Packages: both(newer)}, func(m machine) {
		m.calm(m.want(0))
		m.has("aadsshlogin", newer)
		m.has("aadsshlogin-selinux", "")
	})
}

// A repository that does not have it.
func TestSELinuxPackageIsNotThere(t *testing.T) {
	each(t, kinds(), scene.Options{Packages: login(newer), Box: selinux(t, "1")}, func(m machine) {
		m.want(28, "aadsshlogin-selinux")
		m.has("aadsshlogin", "")
	})
}
