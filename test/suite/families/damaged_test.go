//go:build rig

package families

import (
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestDamagedMachine: damage on the machine itself is reported as such, with the file and
// what helps; files that a clean-up deleted do no harm.
func TestDamagedMachine(t *testing.T) {
	const garbage, main = `printf 'x = [\n' > `, `printf '[main]\ngpgcheck=1\n`
	for name, c := range map[string]struct {
		releases []string
		damage   string
		code     fault.Code
		what     string
		next     string
	}{
		"apt's cache was cleaned away":  {[]string{"ubuntu-22.04", "ubuntu-24.04"}, "rm -rf /var/cache/apt", 0, "", ""},
		"apt's lists were cleaned away": {[]string{"ubuntu-22.04", "ubuntu-24.04"}, "rm -rf /var/lib/apt", 0, "", ""},
		"a file where apt has its cache": {[]string{"ubuntu-22.04"}, "rm -rf /var/cache/apt; echo > /var/cache/apt", 30,
			"/var/cache/apt: not a directory", "ls -ld /var/cache/apt"},
		"dpkg's database is empty":    {[]string{"ubuntu-22.04"}, ": > /var/lib/dpkg/status", 26, "package database /var/lib/dpkg/status is empty", "/var/backups"},
		"dpkg's database is gone":     {[]string{"ubuntu-22.04"}, "rm /var/lib/dpkg/status", 26, "package database /var/lib/dpkg/status is empty", "/var/backups"},
		"dpkg's database is a folder": {[]string{"ubuntu-22.04"}, "rm /var/lib/dpkg/status; mkdir /var/lib/dpkg/status", 26, "/var/lib/dpkg/status cannot be read: Is a directory", "/var/backups"},
		"dpkg's database is cut off": {[]string{"ubuntu-22.04"}, "head -c 5000 /var/lib/dpkg/status > /x; cat /x > /var/lib/dpkg/status", 26,
			"/var/lib/dpkg/status is damaged", "/var/backups"},
		"rpm's database is damaged": {[]string{"rhel-9.4", "azurelinux-4.0", "sles-15.6"},
			`d=$(rpm -E %_dbpath); rm -f $d/rpmdb.sqlite-*; head -c 40000 /dev/urandom > $d/rpmdb.sqlite`, 26, "package database of rpm cannot be read", "rpm --rebuilddb"},
		"rpm's database cannot be written": {[]string{"rhel-9.4", "azurelinux-4.0", "sles-15.6"},
			`d=$(rpm -E %_dbpath); mount --bind $d $d; mount -o remount,ro,bind $d`, 30, "read-only", "findmnt -T /var/lib/rpm/."},
		"rpm's database is protected": {[]string{"rhel-9.4"}, "f=/var/lib/rpm/rpmdb.sqlite; mount --bind $f $f; mount -o remount,ro,bind $f", 26, "database of rpm cannot be written", "lsattr /var/lib/rpm/"},
		"authorities that are not there": {[]string{"rhel-9.4", "azurelinux-4.0"}, main + `sslcacert=/etc/pki/corp.pem\n' > /etc/dnf/dnf.conf`, 20,
			"The file of the authorities that dnf trusts for TLS is not there", "grep -rn sslcacert /etc/dnf/dnf.conf"},
		"definitions in another folder": {[]string{"rhel-9.4", "azurelinux-4.0"}, "mkdir /srv/repos; " + main + `reposdir=/srv/repos\n' > /etc/dnf/dnf.conf`, 26,
			"The repository definition aadsshlogin is not there", "grep -rn reposdir /etc/dnf"},
		"definitions in another folder, zypper": {[]string{"sles-15.6"}, "mkdir /srv/repos; " + main + `reposdir=/srv/repos\n' > /etc/zypp/zypp.conf`, 26,
			"The repository definition aadsshlogin is not there", "grep -rn reposdir /etc/zypp/zypp.conf"},
		"other packages alone are included": {[]string{"rhel-9.4", "azurelinux-4.0"}, main + `includepkgs=kernel*\n' > /etc/dnf/dnf.conf`, 26,
			"The owner of this machine excludes aadsshlogin", "includepkgs' /etc/dnf"},
		"dnf is a wrapper that refuses": {[]string{"rhel-9.4", "azurelinux-4.0"}, `rm /usr/bin/dnf; printf '#!/bin/sh\necho use Satellite >&2; exit 1\n' > /usr/bin/dnf; chmod 755 /usr/bin/dnf`, 26,
			"use Satellite", "sudo dnf makecache"},
		"a folder in place of a program": {[]string{"rhel-9.4"}, "mkdir -p /usr/sbin/aad_certhandler/x", 26,
			"rpm could not unpack", "-exec rpm -U"},
		"zypper only downloads": {[]string{"sles-15.6"}, main + `commit.downloadMode = DownloadOnly\n' > /etc/zypp/zypp.conf`, 26,
			"zypper says that all went well", "grep -n downloadMode /etc/zypp/zypp.conf"},
		"dnf only tests": {[]string{"rhel-9.4", "azurelinux-4.0"}, main + `tsflags=test\n' > /etc/dnf/dnf.conf`, 26,
			"dnf says that all went well", "tsflags"},
		"apt only simulates": {[]string{"ubuntu-22.04"}, `echo 'APT::Get::Simulate "true";' > /etc/apt/apt.conf.d/90x`, 26,
			"apt says that all went well", "apt-config dump"},
		"dnf 5's locked versions":  {[]string{"azurelinux-4.0"}, "echo '!!!' > /etc/dnf/versionlock.toml", 26, "/etc/dnf/versionlock.toml cannot be read", "less /etc/dnf/versionlock.toml"},
		"dnf 5's record":           {[]string{"azurelinux-4.0"}, "mkdir -p /usr/lib/sysimage/libdnf5; " + garbage + "/usr/lib/sysimage/libdnf5/packages.toml", 26, "packages.toml, is damaged", "sudo mv /usr/lib/sysimage/libdnf5/packages.toml "},
		"a plugin of dnf 5":        {[]string{"azurelinux-4.0"}, "echo garbage > /etc/dnf/libdnf5-plugins/actions.conf", 26, "/etc/dnf/libdnf5-plugins/actions.conf cannot be read", "less /etc/dnf/libdnf5-plugins/actions.conf"},
		"a file where dnf 5 keeps": {[]string{"azurelinux-4.0"}, "rm -rf /var/cache/libdnf5; echo > /var/cache/libdnf5", 26, "dnf cannot use /var/cache/libdnf5", "ls -ld /var/cache/libdnf5"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, c.releases, scene.Options{}, func(m machine) {
				m.Sh(c.damage)
				v := m.Want(c.code, c.what)
				if c.code == 0 {
					m.Has("aadsshlogin", newer)
					return
				}
				v.First(c.what)
				if !strings.Contains(v.Next(), c.next) {
					m.Fatal("the next step is %q, want %q", v.Next(), c.next)
				}
			})
		})
	}
}

// TestLeftOut: if the package manager is told to leave out files of the package, neither a
// reinstallation nor a first installation brings them: the next step leads to the setting,
// and without that the package is completed.
func TestLeftOut(t *testing.T) {
	each(t, typical(), scene.Options{}, func(m machine) {
		file, set := "/etc/rpm/macros.left", `%_netsharedpath /usr/sbin`
		if m.Persona.Family == roots.Apt {
			file, set = "/etc/dpkg/dpkg.cfg.d/left", "path-exclude=/usr/sbin/*"
		}
		m.Write(file, set+"\n")
		v := m.Want(21, "aad_certhandler is missing").First("aad_certhandler is missing")
		_, shows, _ := strings.Cut(v.Next(), "is told to (")
		shows, _, _ = strings.Cut(shows, ")")
		if said := m.Try(shows).Output(); !strings.Contains(said, file) {
			m.Fatal("%q does not lead to %s: %s", v.Next(), file, said)
		}
		m.Sh("rm " + file)
		m.Want(0)
	})
}

// TestUninstallRefused: an uninstallation that the package manager refuses says how it is
// completed, because the agent does not run it again; and that completes it.
func TestUninstallRefused(t *testing.T) {
	each(t, []string{"ubuntu-22.04", "sles-15.6"}, scene.Options{}, func(m machine) {
		m.Want(0)
		hold, release := "zypper addlock aadsshlogin", "zypper removelock aadsshlogin"
		if m.Persona.Family == roots.Apt {
			hold, release = "apt-mark hold aadsshlogin", "apt-mark unhold aadsshlogin"
		}
		m.Sh(hold)
		report, err := m.Agent.Uninstall(t.Context(), m.GoalState)
		m.Must(err)
		last := report.Runs[len(report.Runs)-1]
		if said := "then set the extension and remove it again."; last.ExitCode != 26 || !strings.Contains(last.Stdout, said) {
			m.Fatal("exit %d, and it does not say %q:\n%s", last.ExitCode, said, last.Stdout)
		}
		m.Has("aadsshlogin", newer)
		m.Sh(release)
		m.GoalState.Sequence++
		m.Want(0)
		m.leave()
	})
}
