//go:build rig

package pkgmgr_test

import (
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/roots"
)

// TestAptCauseIsNamed: the cause of a failure of apt or dpkg is named. It is not in their
// last messages: it is printed before them, or not at all.
func TestAptCauseIsNamed(t *testing.T) {
	causes := map[string]struct {
		trouble string
		do      string
		code    fault.Code
		words   []string
	}{
		"override for a group that is gone": {"groupadd gone; dpkg-statoverride --add root gone 0755 /srv; groupdel gone", "Install",
			fault.PackageManagerFailed, []string{"statoverride names the group gone", "dpkg-statoverride --remove"}},
		"hook that fails": {`echo 'DPkg::Pre-Invoke { "exit 3"; };' > /etc/apt/apt.conf.d/90hook`, "Install",
			fault.PackageManagerFailed, []string{`DPkg::Pre-Invoke "exit 3"`, "/etc/apt/apt.conf.d"}},
		"hook that reads the packages": {`printf '#!/bin/sh\nexit 1\n' > /usr/local/sbin/scan; chmod 755 /usr/local/sbin/scan; echo 'DPkg::Pre-Install-Pkgs { "/usr/local/sbin/scan"; };' > /etc/apt/apt.conf.d/90hook`, "Install",
			fault.PackageManagerFailed, []string{"/usr/local/sbin/scan"}},
		"hook of the refresh": {`echo 'APT::Update::Pre-Invoke { "exit 3"; };' > /etc/apt/apt.conf.d/90hook`, "Refresh",
			fault.PackageManagerFailed, []string{`APT::Update::Pre-Invoke "exit 3"`}},
		"file of another package": {"mkdir -p /p/DEBIAN /p/usr/sbin; printf 'Package: squatter\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x.invalid>\\nDescription: x\\n' > /p/DEBIAN/control; " +
			"echo x > /p/usr/sbin/aad_certhandler; dpkg-deb -b /p /p.deb && dpkg -i /p.deb", "Install",
			fault.PackageManagerFailed, []string{"belongs to the package squatter", "dpkg -s squatter"}},
		"broken configuration": {"echo '{' > /etc/apt/apt.conf.d/90x", "Refresh",
			fault.PackageManagerFailed, []string{"/etc/apt/apt.conf.d/90x"}},
		"keyrings closed to apt's user": {"chmod 700 /usr/share/keyrings", "Refresh",
			fault.PackageManagerFailed, []string{"may not read", "/usr/share/keyrings has the mode 0700", "chmod a+rX /usr/share/keyrings"}},
		"key closed to apt's user": {"chmod 600 /usr/share/keyrings/aadsshlogin.gpg", "Refresh",
			fault.PackageManagerFailed, []string{"may not read", "aadsshlogin.gpg has the mode 0600"}},
	}
	for name, c := range causes {
		t.Run(name, func(t *testing.T) {
			each(t, []roots.Persona{roots.Debian(roots.Bullseye), roots.Debian(roots.Bookworm), roots.Debian(roots.Trixie)}, login(newer), func(m machine) {
				if c.do == "Install" {
					m.must(job{Do: "Refresh"})
				}
				m.Do(c.trouble)
				m.fails(job{Do: c.do, Specs: spec("aadsshlogin", "")}, c.code, c.words...)
			})
		})
	}
}

// TestTmpAndNullClosed: if apt's user cannot verify anything because of this machine, that
// is no reason to distrust a repository.
func TestTmpAndNullClosed(t *testing.T) {
	for name, trouble := range map[string]string{
		"/tmp":      "chmod 755 /tmp",
		"no /tmp":   "mv /tmp /tmp.away",
		"/dev/null": "rm -f /dev/null && : > /dev/null && chmod 600 /dev/null",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, []roots.Persona{roots.Debian(roots.Bullseye), roots.Debian(roots.Bookworm)}, login(newer), func(m machine) {
				m.Do(trouble)
				a := m.do(job{Do: "Refresh"})
				if a.Code == fault.RepositoryUntrusted {
					m.T.Errorf("%s closed is reported as %d %s", name, a.Code, a.What)
				}
			})
		})
	}
}
