//go:build rig

package pkgmgr_test

import (
	"slices"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// TestOwnersConfiguration: the usual changes of a package manager's configuration, as in
// hardening guides and images, do no harm.
func TestOwnersConfiguration(t *testing.T) {
	conf := map[distro.Manager]string{distro.Dnf: "/etc/dnf/dnf.conf", distro.Yum: "/etc/yum.conf", distro.Zypper: "/etc/zypp/zypp.conf"}
	type setting struct{ name, lines string }
	settings := map[distro.Manager][]setting{
		distro.Dnf: {
			{"another cache", "cachedir=/srv/cache/$basearch/"},
			{"local files are verified", "localpkg_gpgcheck=1"},
			{"what is missing is passed over", "strict=0\nskip_broken=1\nskip_unavailable=1"},
			{"no is the answer", "assumeno=1"},
			{"an older version is enough", "best=0"},
		},
		distro.Zypper: {
			{"another cache", "cachedir = /srv/cache"},
			{"another folder of packages", "packagesdir = /srv/packages"},
		},
	}
	dependency := fixtures.Spec{Name: fixtures.Dependency + "03", Version: "1.0"}
	packages := []fixtures.Spec{{Name: fixtures.Login, Version: older}, {Name: fixtures.Login, Version: newer, Depends: []string{dependency.Name}}}
	for _, p := range slices.DeleteFunc(rpmRoots(), func(p roots.Persona) bool { return len(settings[distro.Manager(p.Family)]) == 0 }) {
		for _, s := range settings[distro.Manager(p.Family)] {
			t.Run(p.Name+"/"+s.name, func(t *testing.T) {
				m := newMachine(t, rig.Options{Persona: p, Packages: packages})
				m.Do("mkdir -p /srv")
				m.write(conf[m.manager], "[main]\n"+s.lines+"\n")
				m.offer("/base", rig.Options{Packages: []fixtures.Spec{dependency}})
				m.third("base", "https://"+pkghost.Name+"/base")
				m.must(job{Do: "Refresh"})
				m.must(job{Do: "Install", Specs: spec("aadsshlogin", older)})
				m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
				m.has("aadsshlogin", newer)
				if kept := m.must(job{Do: "Kept", Names: []string{"aadsshlogin"}}).Kept; len(kept) == 0 {
					t.Errorf("the package file is not found again; there are:\n%s", m.Do("find /srv /var/cache -name 'aadsshlogin-1*.rpm'"))
				}
				m.must(job{Do: "Reinstall", Names: []string{"aadsshlogin"}})
			})
		}
	}
}

// TestOwnersDefaultRelease: a preferred release belongs to another source, and maybe to
// none any more.
func TestOwnersDefaultRelease(t *testing.T) {
	each(t, aptRoots(), login(older, newer), func(m machine) {
		m.write("/etc/apt/apt.conf.d/01release", "APT::Default-Release \"stable\";\n")
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", older)})
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
		m.has("aadsshlogin", newer)
		a := m.must(job{Do: "Reinstall", Names: []string{"aadsshlogin"}})
		m.T.Log(strings.Join(ran(a), "\n"))
	})
}
