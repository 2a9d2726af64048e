//go:build rig

package pkgmgr_test

import (
	"slices"
	"syscall"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/test/lib/box"
)

// hold makes another process hold a lock on the machine.
func (m machine) hold(path string) *box.Process {
	m.T.Helper()
	p, err := m.Start(nil, m.argv(job{Do: "Hold", Files: []string{path}})...)
	m.Must(err)
	m.T.Cleanup(func() { _ = p.Signal(syscall.SIGKILL) })
	m.Await("[ -e /run/held ]")
	return p
}

func TestLockHeld(t *testing.T) {
	locks := map[distro.Manager][]string{
		distro.Apt:    {"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"},
		distro.Dnf:    {"/var/lib/rpm/.rpm.lock"},
		distro.Zypper: {"/var/lib/rpm/.rpm.lock"},
	}
	for manager, paths := range locks {
		for _, path := range paths {
			t.Run(path, func(t *testing.T) {
				each(t, family(manager), login(newer), func(m machine) {
					m.must(job{Do: "Refresh"})
					p := m.hold(path)
					// It waits for the whole time, and then names the holder of the lock.
					a := m.fails(job{Do: "Install", Specs: spec("aadsshlogin", ""), Seconds: 3}, fault.PackageManagerBusy, "drive", path, "ps -fp ")
					if commands := ran(a); len(commands) != 0 {
						m.T.Errorf("run in spite of the lock: %q", commands)
					}
					m.has("aadsshlogin", "")

					// The lock is released while we wait.
					waiting, err := m.Start([]string{"LANG=C.UTF-8"}, append([]string{"sh", "-c", `exec "$@" > /run/said 2>&1`, "sh"}, m.argv(job{Do: "Install", Specs: spec("aadsshlogin", "")})...)...)
					m.Must(err)
					m.Await("grep -q 'waiting: Another program' /run/said")
					m.Must(p.Signal(syscall.SIGKILL))
					if r, err := waiting.Wait(m.T.Context()); err != nil || r.ExitCode != 0 {
						m.T.Errorf("%v, exit %d", err, r.ExitCode)
					}
					m.has("aadsshlogin", newer)
				})
			})
		}
	}
}

// TestManagerAtWork: another zypper, or another dnf, is running.
func TestManagerAtWork(t *testing.T) {
	others := map[distro.Manager]string{
		distro.Zypper: "sleep 1000 | zypper shell",
		distro.Dnf:    "sleep 1000 & echo $! > /var/cache/dnf/metadata_lock.pid; wait",
	}
	each(t, slices.Concat(family(distro.Dnf), family(distro.Zypper)), login(newer), func(m machine) {
		m.must(job{Do: "Refresh"})
		p, err := m.Start(nil, "sh", "-c", others[m.manager])
		m.Must(err)
		defer p.Signal(syscall.SIGKILL) //nolint:errcheck // the machine ends with the test
		m.Await("[ -s /run/zypp.pid ] || grep -qx sleep /proc/$(cat /var/cache/dnf/metadata_lock.pid)/comm")
		who := map[distro.Manager]string{distro.Zypper: "zypper (process ", distro.Dnf: "sleep (process "}
		m.fails(job{Do: "Refresh", Seconds: 3}, fault.PackageManagerBusy, who[m.manager], "ps -fp ")
	})
}

// TestStalePIDFile: the pid file of a dead process is no lock.
func TestStalePIDFile(t *testing.T) {
	each(t, families(), login(newer), func(m machine) {
		for _, f := range []string{"/run/zypp.pid", "/var/cache/dnf/metadata_lock.pid", "/var/lib/dnf/rpmdb_lock.pid"} {
			m.Do("mkdir -p $(dirname " + f + "); sh -c 'echo $$' > " + f)
		}
		m.must(job{Do: "Refresh"})
		m.must(job{Do: "Install", Specs: spec("aadsshlogin", "")})
	})
}
