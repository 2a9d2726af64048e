//go:build rig

package families

import (
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/scene"
)

// TestDamagedMachine: damage on the machine itself is reported as such, with the file and
// what helps; files that a clean-up deleted do no harm.
func TestDamagedMachine(t *testing.T) {
	const garbage = `printf 'x = [\n' > `
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
