//go:build rig

package pkgmgr_test

import (
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/roots"
)

// aptRoots are the machines with a real apt.
func aptRoots() []roots.Persona {
	return []roots.Persona{roots.Debian(roots.Bullseye), roots.Debian(roots.Bookworm), roots.Debian(roots.Trixie)}
}

// foreign adds an unsigned source with our package, whose script prints that it ran.
func (m machine) foreign(version string) {
	m.T.Helper()
	m.Do("apt-get update && mkdir -p /foreign && cd /foreign && apt-get download aadsshlogin=" + newer + " && dpkg-deb -R aadsshlogin_*.deb p && rm aadsshlogin_*.deb && " +
		"sed -i 's/^Version: .*/Version: " + version + "/' p/DEBIAN/control && printf '#!/bin/sh\ntouch /foreign-ran\n' > p/DEBIAN/postinst && dpkg-deb -b p aadsshlogin.deb")
	control := m.Sh("dpkg-deb -f /foreign/aadsshlogin.deb")
	size, sum := strings.TrimSpace(m.Do("stat -c %s /foreign/aadsshlogin.deb")), strings.Fields(m.Do("sha256sum /foreign/aadsshlogin.deb"))[0]
	m.write("/foreign/Packages", control+"Filename: ./aadsshlogin.deb\nSize: "+size+"\nSHA256: "+sum+"\n")
	m.write("/etc/apt/sources.list.d/aaa.list", "deb [trusted=yes] file:/foreign ./\n")
	m.Do("apt-get update")
}

// TestPackageComesFromOurSourceAlone: in the modes with a repository of ours the package is
// installed from it alone, whatever the machine's other sources offer.
func TestPackageComesFromOurSourceAlone(t *testing.T) {
	for name, version := range map[string]string{"newer": "99", "the same version": newer} {
		t.Run(name, func(t *testing.T) {
			each(t, aptRoots(), login(older, newer), func(m machine) {
				m.foreign(version)
				m.must(job{Do: "Refresh"})
				m.must(job{Do: "Install", Specs: spec("aadsshlogin", older)})
				m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
				m.has("aadsshlogin", newer)
				m.must(job{Do: "Reinstall", Names: []string{"aadsshlogin"}})
				m.Do("test ! -e /foreign-ran")
				if !m.registered() {
					m.T.Error("the package did not register itself")
				}
				m.fails(job{Do: "Install", Specs: spec("aadsshlogin", "99")}, fault.PackageUnavailable, "99")
				m.has("aadsshlogin", newer)
			})
		})
	}
}
