//go:build rig

package families

import (
	"strings"
	"testing"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestLife: the whole life of the extension, on every package manager.
func TestLife(t *testing.T) {
	each(t, managers(), scene.Options{Packages: login(older, newer)}, func(m machine) {
		before, packages, named := m.Snapshot(), m.packages(), m.named()
		m.Want(0)
		m.Has("aadsshlogin", newer)
		if !m.registered() {
			m.Fatal("sshd does not show the package")
		}
		if standIn := m.Persona.Family == roots.Yum || m.Persona.Family == roots.Tdnf; !standIn { // whose caches are dnf's
			m.kept("aadsshlogin", newer)
		}
		m.idle()

		// A newer version of the package: enable leaves it, a new version of the extension
		// updates to it.
		m.Offer(login(older, newer, newest)...)
		m.idle()
		m.Has("aadsshlogin", newer)
		removed := m.watchRemovals()
		m.update("1.0.2.0")
		m.Want(0)
		m.Has("aadsshlogin", newest)
		removed()

		// A version in the settings, down and up again.
		m.Set(`{"packageVersion": "` + older + `"}`)
		m.Want(0)
		m.Has("aadsshlogin", older)
		m.idle()
		removed = m.watchRemovals()
		at := m.installedAt()
		m.update("1.0.3.0")
		m.Want(0)
		m.Has("aadsshlogin", older)
		removed()
		if now := m.installedAt(); now != at {
			m.T.Errorf("the package was installed again, although its version is the same:\n%s\nand before\n%s", now, at)
		}
		m.Set(`{"packageVersion": "` + newer + `"}`)
		m.Want(0)
		m.Has("aadsshlogin", newer)
		m.Set(`{}`)
		m.Want(0)
		m.Has("aadsshlogin", newer)

		m.leave()
		for _, line := range m.leftover(before) {
			m.T.Errorf("left behind: %s", line)
		}
		if now := m.packages(); now != packages {
			m.T.Errorf("other packages than before:\n%s", now)
		}
		if now := m.named(); now != named {
			m.T.Errorf("files of ours are left:\n%s\nand before\n%s", now, named)
		}
	})
}

// packages are all packages of the machine, with their versions.
func (m machine) packages() string {
	m.T.Helper()
	if m.Persona.Family == roots.Apt {
		return m.Sh("dpkg-query -W")
	}
	return m.Sh("rpm -qa | grep -v '^gpg-pubkey-' | sort") // docs/stand-ins.md says why the key stays
}

// named are the files with our or the vendor's name, without those that may stay.
func (m machine) named() string {
	m.T.Helper()
	script := `find / -xdev \( -iname '*aadssh*' -o -iname '*microsoft*' \)`
	for _, but := range append(mayStay(), "/proc", "/sys", "/run", agentrun.Lib) {
		script += " ! -path '" + but + "/*'"
	}
	return m.Sh(script)
}

// TestEverySupportedRelease: for the other supported releases only the table's facts are
// tested: where the packages are, which, and with which manager.
func TestEverySupportedRelease(t *testing.T) {
	each(t, others(), scene.Options{Packages: login(pinned, newer)}, func(m machine) {
		before := m.Snapshot()
		m.calm(m.Want(0))
		version := newer
		if m.Target.Pin != "" {
			version = pinned
		}
		m.Has("aadsshlogin", version)
		m.idle()
		m.leave()
		for _, line := range m.leftover(before) {
			m.T.Errorf("left behind: %s", line)
		}
	})
}

// installedAt says when the package was installed, according to its database and to the
// file system, in which an unpacked file has a new inode.
func (m machine) installedAt() string {
	m.T.Helper()
	return m.Sh("rpm -q --qf '%{INSTALLTIME} %{INSTALLTID}\\n' aadsshlogin 2>/dev/null || dpkg-query -W -f '${Version}\\n' aadsshlogin; stat -c '%i %z' /usr/sbin/aad_certhandler")
}

// watchRemovals remembers the end of the transactions' log; the returned function fails the
// test if packages were removed since.
func (m machine) watchRemovals() (end func()) {
	m.T.Helper()
	const log = "/var/lib/aadsshlogin-handler/transaction.log"
	before := strings.Fields(m.Sh("stat -c '%i %s' " + log))
	return func() {
		m.T.Helper()
		if now := strings.Fields(m.Sh("stat -c '%i %s' " + log)); now[0] != before[0] {
			m.T.Error("the agent's update removed what we have on the machine: the transaction log was replaced")
			return
		}
		said := m.Sh("tail -c +" + before[1] + " " + log)
		for _, line := range strings.Split(said, "\n") {
			for _, word := range []string{"rpm -e ", "dpkg --purge", "dpkg --remove", "apt-get remove", " purge ", "zypper --non-interactive --no-refresh remove"} {
				if strings.Contains(line, word) {
					m.T.Errorf("the agent's update removed packages: %s", line)
				}
			}
		}
	}
}

// kept fails the test unless the package's file was kept, from which it can be reinstalled
// without network.
func (m machine) kept(name, version string) {
	m.T.Helper()
	if files := m.Sh("ls /var/lib/aadsshlogin-handler/packages"); !strings.Contains(files, name) || !strings.Contains(files, version) {
		m.Fatal("the package file of %s %s was not kept: %q", name, version, files)
	}
}

// idle runs enable again, which must change nothing and send no request to the repository.
func (m machine) idle() {
	m.T.Helper()
	before := m.Snapshot()
	m.Packages.Forget()
	m.Want(0)
	for _, r := range m.Packages.Requests() {
		m.T.Errorf("the repository was asked: %v", r)
	}
	for _, line := range m.written(before) {
		m.T.Errorf("the second run changed the machine: %s", line)
	}
}

// leave disables and uninstalls the extension.
func (m machine) leave() {
	m.T.Helper()
	version := m.Installed("aadsshlogin")
	off, err := m.Agent.Disable(m.T.Context(), m.GoalState)
	m.Must(err)
	if n := len(off.Runs); n != 1 || off.Runs[0].ExitCode != 0 {
		m.Fatal("disable: %+v", off.Runs)
	}
	m.Has("aadsshlogin", version)
	if !m.registered() {
		m.Fatal("after disable people cannot sign in")
	}
	gone, err := m.Agent.Uninstall(m.T.Context(), m.GoalState)
	m.Must(err)
	if n := len(gone.Runs); n != 1 || gone.Runs[0].ExitCode != 0 || !strings.Contains(gone.Runs[0].Stdout, "as it was before") {
		m.Fatal("uninstall: %+v", gone.Runs)
	}
	m.Has("aadsshlogin", "")
	if files := m.Sh(`find /var/cache /var/lib/aadsshlogin-handler -name 'aadsshlogin*.deb' -o -name 'aadsshlogin*.rpm' 2>/dev/null || true`); files != "" && m.Persona.Family != roots.Yum && m.Persona.Family != roots.Tdnf {
		m.Fatal("package files were left behind: %s", files)
	}
	if m.registered() {
		m.Fatal("sshd still shows the package")
	}
}
