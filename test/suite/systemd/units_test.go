//go:build rig

package systemd_test

import (
	"strings"
	"testing"

	"aadssh/test/lib/stage"
)

// TestScope: a process moves, with what it will start, out of its unit, and survives the
// end of that unit.
func TestScope(t *testing.T) {
	everywhere(t, func(t *testing.T, s *booted) {
		stage.Must(t, s.WriteFile("/root/job", []byte("while [ ! -e /root/go ]; do sleep 0.05; done; sleep 600 & echo $! > /root/child; wait\n"), 0o644))
		s.Do("systemd-run -q --unit agent --slice azure-test.slice sh -c 'sh /root/job & echo $! > /root/pid; wait'")
		s.Await("test -s /root/pid")
		pid := s.Do("cat /root/pid")
		if got := s.Do("cat /proc/" + pid + "/cgroup"); !strings.Contains(got, "agent.service") {
			t.Fatalf("it starts in %s", got)
		}
		if a := s.call("scope", "aadsshlogin handler/1", pid); a.Error != "" {
			t.Fatalf("%+v", a)
		}
		s.Do("touch /root/go")
		s.Await("test -s /root/child")
		const unit = "aadsshlogin-handler-1.scope"
		own, child := s.Do("cat /proc/"+pid+"/cgroup"), s.Do("cat /proc/$(cat /root/child)/cgroup")
		if !strings.Contains(own, "/system.slice/"+unit) || child != own {
			t.Errorf("it is in %q, its child in %q", own, child)
		}
		s.Do("systemctl stop agent.service; kill -0 " + pid)
		if a := s.call("scope", unit, pid); a.Error == "" {
			t.Error("there are two scopes of one name")
		}
		s.Do("systemctl stop " + unit)
		for _, gone := range []string{pid, "1", "4000000"} {
			if a := s.call("scope", "gone", gone); a.Error == "" {
				t.Errorf("process %s was moved", gone)
			}
		}
	})
}

// TestUnits: installed twice, removed three times, and gone.
func TestUnits(t *testing.T) {
	everywhere(t, func(t *testing.T, s *booted) {
		s.unit("w.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo x >> /root/looks'\n")
		s.unit("w.timer", "[Timer]\nOnActiveSec=1h\n[Install]\nWantedBy=timers.target\n")
		s.unit("w.path", "[Path]\nPathChanged=/root/watched\n[Install]\nWantedBy=paths.target\n")
		for range 2 {
			if a := s.call("enable", "w.timer", "w.path"); a.Error != "" {
				t.Fatalf("%+v", a)
			}
		}
		if a := s.call("state", "w.timer"); a.Error != "" || a.State.File != "enabled" || a.State.Sub != "waiting" || !a.State.IsActive() {
			t.Errorf("%+v", a)
		}
		s.Do("touch /root/watched")
		s.Await("test \"$(cat /root/looks)\" = x")
		s.Await("test \"$(systemctl is-active w.service)\" = inactive")
		// Begin does not wait for the end of a oneshot.
		s.unit("slow.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'while [ ! -e /root/go ]; do sleep 0.05; done'\n")
		if a := s.call("daemon-reload"); a.Error != "" {
			t.Errorf("%+v", a)
		}
		if a := s.call("begin", "slow.service"); a.Error != "" {
			t.Errorf("%+v", a)
		}
		s.Await("test \"$(systemctl is-active slow.service)\" = activating")
		s.Do("touch /root/go")
		for i := range 3 {
			if a := s.call("disable", "w.timer", "w.path", "w.service", "nosuch.path"); a.Error != "" {
				t.Errorf("removal %d: %+v", i+1, a)
			}
			if i == 1 {
				s.Do("rm /etc/systemd/system/w.*")
			}
		}
		if a := s.call("state", "w.timer"); a.Error != "" || a.State.Exists() || a.State.IsActive() {
			t.Errorf("%+v", a)
		}
		if got := s.Do("find /etc/systemd/system -name 'w.*'"); got != "" {
			t.Errorf("left behind: %s", got)
		}
		s.unit("bad.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n[Install]\nWantedBy=multi-user.target\n")
		if a := s.call("enable", "bad.service"); a.Job != "failed" {
			t.Errorf("%+v", a)
		}
		s.Do("ln -s /dev/null /etc/systemd/system/masked.service; systemctl daemon-reload")
		if a := s.call("state", "masked.service"); a.State.Load != "masked" {
			t.Errorf("%+v", a)
		}
	})
}
