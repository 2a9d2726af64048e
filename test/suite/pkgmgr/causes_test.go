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
		"hook of dpkg": {"echo 'pre-invoke=exit 3' > /etc/dpkg/dpkg.cfg.d/hook", "Install",
			fault.PackageManagerFailed, []string{"dpkg configuration has run each time fails: exit 3", "grep -rn invoke /etc/dpkg/dpkg.cfg"}},
		"option that dpkg does not have": {`echo 'DPkg::Options { "--no-such-option"; };' > /etc/apt/apt.conf.d/90x`, "Install",
			fault.PackageManagerFailed, []string{"unknown option --no-such-option", "dpkg::options /etc/apt/apt.conf"}},
		"signatures inside of package files": {`printf '#!/bin/sh\nexit 10\n' > /usr/bin/debsig-verify; chmod 755 /usr/bin/debsig-verify; sed -i '/no-debsig/d' /etc/dpkg/dpkg.cfg`, "Install",
			fault.PackageManagerFailed, []string{"debsig-verify", "add no-debsig"}},
		"package of nobody's, half installed": {`printf '\nPackage: gone\nStatus: install reinstreq half-installed\nPriority: optional\nSection: misc\nMaintainer: x <x@x.invalid>\nArchitecture: amd64\nVersion: 1.0\nDescription: x\n' >> /var/lib/dpkg/status`, "Install",
			fault.PackageManagerFailed, []string{"gone is half installed", "sudo dpkg --remove --force-remove-reinstreq gone"}},
		"damaged change of the database": {"echo junk > /var/lib/dpkg/updates/0001", "Install",
			fault.PackageManagerFailed, []string{"/var/lib/dpkg/updates/0001", "sudo mv /var/lib/dpkg/updates/0001 /root/ && sudo dpkg --configure -a"}},
		"pin on every release": {pin("Package: *\\nPin: release o=*"), "Install",
			fault.PackageManagerFailed, []string{"a pin in /etc/apt/preferences.d/90pin"}},
		"pin on the release of ours": {pin("Package: *\\nPin: release n=rig"), "Install",
			fault.PackageManagerFailed, []string{"a pin in /etc/apt/preferences.d/90pin"}},
		"pin on the whole host": {pin("Explanation: none of these\\nPackage: *\\nPin: origin packages.microsoft.com"), "Install",
			fault.PackageManagerFailed, []string{"a pin in /etc/apt/preferences.d/90pin"}},
		"pin by expression": {pin("Package: /^aad/\\nPin: version *"), "Install",
			fault.PackageManagerFailed, []string{"a pin in /etc/apt/preferences.d/90pin"}},
		"pin on a part of the versions": {pin("Package: zsh\\nPin: version *\\nPin-Priority: 900\\n\\nPackage: bash aad*\\nPin: version 1.0.03*"), "Install",
			fault.PackageManagerFailed, []string{"a pin in /etc/apt/preferences.d/90pin"}},
		"pin in another place": {pin("Package: aadsshlogin\\nPin: version *") + `; mv /etc/apt/preferences.d/90pin /etc/pin; echo 'Dir::Etc::Preferences "/etc/pin";' > /etc/apt/apt.conf.d/90x`, "Install",
			fault.PackageUnavailable, []string{"No version of aadsshlogin may be installed", "apt-config dump"}},
		"authorities of its own": {`echo 'Acquire::https::CaInfo "/etc/ssl/corp.pem";' > /etc/apt/apt.conf.d/90x`, "Refresh",
			fault.PackageManagerFailed, []string{"apt's configuration keeps it from asking packages.microsoft.com: Could not load certificates from /etc/ssl/corp.pem", "/etc/apt/apt.conf.d"}},
		"certificate of its own": {`echo 'Acquire::https::SslCert "/etc/ssl/me.pem";' > /etc/apt/apt.conf.d/90x`, "Refresh",
			fault.PackageManagerFailed, []string{"/etc/ssl/me.pem", "/etc/apt/apt.conf.d"}},
		"no https": {`echo 'Dir::Bin::Methods::https "false";' > /etc/apt/apt.conf.d/90x`, "Refresh",
			fault.PackageManagerFailed, []string{"fetch over https", "grep -rn '::Methods'"}},
		"wrapper that says why": {"rm /usr/bin/apt-get; printf '#!/bin/sh\necho use the change process >&2; exit 1\n' > /usr/bin/apt-get; chmod 755 /usr/bin/apt-get", "Refresh",
			fault.PackageManagerFailed, []string{"use the change process", "sudo apt-get update"}},
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

// pin is a script that writes a pin with a priority below 0.
func pin(text string) string {
	return "printf '" + text + "\\nPin-Priority: -1\\n' > /etc/apt/preferences.d/90pin"
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
