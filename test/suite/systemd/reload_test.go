//go:build rig

package systemd_test

import (
	"strings"
	"testing"
)

// daemons are the names of sshd's unit.
func daemons() []string { return []string{"ssh.service", "sshd.service"} }

func (s *booted) reload() answer {
	s.T.Helper()
	return s.call(append([]string{"reload"}, daemons()...)...)
}

func (s *booted) pid(unit string) string {
	s.T.Helper()
	return s.Do("systemctl show -p MainPID --value " + unit)
}

func TestReload(t *testing.T) {
	everywhere(t, func(t *testing.T, s *booted) {
		s.Do("systemctl start ssh")
		t.Run("the daemon stays, and has read its configuration", func(t *testing.T) {
			s.T = t
			before, pid := s.call("state", "ssh.service"), s.pid("ssh")
			if u := before.State; !before.Running || !u.IsActive() || !u.CanReload || u.Changed.IsZero() || before.Error != "" {
				t.Fatalf("%+v", before)
			}
			s.Do("echo Port 2222 >> /etc/ssh/sshd_config.d/port.conf")
			if a := s.reload(); a.Error != "" || !a.Outcome.Reloaded || a.Outcome.Unit != "ssh.service" || a.Outcome.Why != "" {
				t.Fatalf("%+v", a)
			}
			s.Await("ss -Htln sport = :2222 | grep -q .")
			s.Do("rm /etc/ssh/sshd_config.d/port.conf")
			if now := s.pid("ssh"); now != pid {
				t.Errorf("main process %s, then %s", pid, now)
			}
			after := s.call("state", "sshd.service") // the alias
			if u := after.State; u.Name != "ssh.service" || !u.Changed.After(before.State.Changed) {
				t.Errorf("%+v: a reload must move Changed, which was %s", u, before.State.Changed)
			}
		})
		t.Run("a broken configuration", func(t *testing.T) {
			s.T = t
			s.Do("echo Bogus yes > /etc/ssh/sshd_config.d/bogus.conf")
			a := s.reload()
			if a.Job != "failed" || a.Outcome.Reloaded || a.Outcome.Unit != "ssh.service" {
				t.Errorf("%+v", a)
			}
			s.Do("systemctl is-active ssh; rm /etc/ssh/sshd_config.d/bogus.conf")
		})
		t.Run("nothing runs", func(t *testing.T) {
			s.T = t
			s.Do("systemctl stop ssh")
			if a := s.reload(); a.Error != "" || a.Outcome.Reloaded || a.Outcome.Unit != "" || a.Outcome.Why == "" {
				t.Errorf("%+v", a)
			}
			if got := s.Try("systemctl is-active ssh").Output(); got != "inactive\n" {
				t.Errorf("the daemon is %s: reload must not start it", got)
			}
		})
		t.Run("a socket listens", func(t *testing.T) {
			s.T = t
			s.Do("systemctl start ssh.socket")
			if a := s.reload(); a.Error != "" || a.Outcome.Reloaded || a.Outcome.Unit != "ssh.socket" {
				t.Errorf("%+v", a)
			}
			if a := s.call("state", "ssh.socket"); !a.State.IsActive() || a.State.Sub != "listening" {
				t.Errorf("%+v", a)
			}
			s.Do("systemctl stop ssh.socket; systemctl start ssh")
		})
		t.Run("a unit that does not say how", func(t *testing.T) {
			s.T = t
			s.Do("touch /root/hups")
			s.unit("plain.service", "[Service]\nExecStart=/bin/sh -c \"trap 'echo hup >> /root/hups' HUP; echo ready > /root/ready; while :; do sleep 0.05; done\"\n")
			s.Do("systemctl daemon-reload; systemctl start plain")
			s.Await("test -e /root/ready") // a trap that is not set yet has no effect
			pid := s.pid("plain")
			if a := s.call("reload", "nosuch.service", "plain.service"); a.Error != "" || !a.Outcome.Reloaded || a.Outcome.Unit != "plain.service" {
				t.Errorf("%+v", a)
			}
			s.Await("test \"$(cat /root/hups)\" = hup")
			if now := s.pid("plain"); now != pid {
				t.Errorf("main process %s, then %s", pid, now)
			}
			s.Do("systemctl stop plain")
		})
	})
}

// TestReloadDuringReexec: each systemctl daemon-reexec breaks the existing connections,
// like an upgrade of systemd.
func TestReloadDuringReexec(t *testing.T) {
	everywhere(t, func(t *testing.T, s *booted) {
		// It stays up a little longer than it was away: on a busy machine that is long.
		s.Do(`systemctl start ssh; printf '%s\n' 'while :; do a=$(date +%s%N); systemctl daemon-reexec; b=$(date +%s%N)' \
			'sleep $(awk -v a=$a -v b=$b "BEGIN { print 0.3 + (b - a) / 1e9 }"); done' > /root/reexec; systemd-run -q --unit reexec sh /root/reexec`)
		for range 10 {
			if a := s.reload(); a.Error != "" || !a.Outcome.Reloaded {
				s.T.Errorf("%+v", a)
			}
		}
		s.Do("for i in $(seq 20); do systemctl stop reexec && break; sleep 0.1; done") // systemd may be away at that moment
	})
}

// TestTwoWaysToSystemd: there are two ways to reach systemd, and the other one is used if
// one is closed.
func TestTwoWaysToSystemd(t *testing.T) {
	everywhere(t, func(t *testing.T, s *booted) {
		s.Do("systemctl start ssh; systemctl stop dbus.socket dbus.service")
		if a := s.reload(); a.Error != "" || !a.Outcome.Reloaded {
			s.T.Errorf("without D-Bus: %+v", a)
		}
		s.Do("systemctl start dbus.socket dbus.service; mv /run/systemd/private /run/systemd/private.off")
		if a := s.reload(); a.Error != "" || !a.Outcome.Reloaded {
			s.T.Errorf("without the private socket: %+v", a)
		}
		s.Do("mv /run/dbus/system_bus_socket /run/dbus/off")
		if a := s.reload(); !strings.Contains(a.Error, "cannot be reached") || a.Outcome.Reloaded || a.Absent {
			s.T.Errorf("with neither: %+v", a)
		}
		s.Do("mv /run/dbus/off /run/dbus/system_bus_socket; mv /run/systemd/private.off /run/systemd/private")
	})
}

// TestWithoutSystemd: the same machine as seen from a container without systemd.
func TestWithoutSystemd(t *testing.T) {
	everywhere(t, func(t *testing.T, s *booted) {
		hidden := func(args ...string) answer {
			s.T.Helper()
			return s.inside(append([]string{"unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && exec \"$@\"", "sh", drive}, args...)...)
		}
		if a := hidden("running"); a.Running {
			s.T.Error("systemd is reported as running, and is hidden")
		}
		if a := hidden("reload", "ssh.service"); a.Error != "" || a.Outcome.Unit != "" || a.Outcome.Reloaded || !strings.Contains(a.Outcome.Why, "does not run here") {
			s.T.Errorf("%+v", a)
		}
		for _, call := range [][]string{{"state", "ssh.service"}, {"begin", "ssh.service"}, {"enable", "x.timer"}, {"scope", "x", "4711"}} {
			if a := hidden(call...); !a.Absent {
				s.T.Errorf("%s: %+v", call[0], a)
			}
		}
		if a := s.call("running"); !a.Running {
			s.T.Error("systemd is reported as not running")
		}
	})
}
