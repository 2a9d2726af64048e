//go:build rig

package watch_test

import (
	"strings"
	"testing"
)

// TestWatchThatDoesNotRun: that units are installed and started does not prove that checks
// run. enable, setup and doctor report if they do not.
func TestWatchThatDoesNotRun(t *testing.T) {
	s := enabled(t, settings)
	s.rest()
	for _, c := range []struct{ name, script, says, next string }{
		{"timer stopped", "systemctl stop aadsshlogin-handler.timer", "aadsshlogin-handler.timer is inactive", "systemctl enable --now aadsshlogin-handler.timer"},
		{"path not after a boot", "systemctl disable aadsshlogin-handler.path && systemctl start aadsshlogin-handler.path", "not started with the machine", "systemctl enable --now aadsshlogin-handler.path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.T = t
			s.Do(c.script)
			next := s.monitorWarns(c.says, c.next)
			s.Do(strings.ReplaceAll(strings.TrimPrefix(next, "Run: "), "sudo ", ""))
			s.monitorIsWell()
		})
	}
	s.T = t

	// A timer that somebody has changed, which is active and never starts anything.
	const changed = "/etc/systemd/system/aadsshlogin-handler.timer.d"
	again := "systemctl daemon-reload && systemctl restart aadsshlogin-handler.timer"
	s.Do("mkdir -p " + changed + " && printf '[Timer]\\nOnActiveSec=\\nOnUnitInactiveSec=\\nOnCalendar=2000-01-01\\n' > " + changed + "/x.conf && " + again)
	s.monitorWarns("aadsshlogin-handler.timer is never due again", "systemctl restart aadsshlogin-handler.timer")
	s.Do("rm -r " + changed + " && " + again)
	s.monitorIsWell()

	// A sandbox that cannot be created, as in many containers: the program itself runs.
	s.Do("mkdir -p /etc/systemd/system/aadsshlogin-handler.service.d && printf '[Service]\\nRootDirectory=/nowhere\\n' > /etc/systemd/system/aadsshlogin-handler.service.d/x.conf && systemctl daemon-reload; systemctl start aadsshlogin-handler.service || true")
	s.monitorWarns("aadsshlogin-handler.service is failed", "journalctl")
	s.operate("enable", 0, 0)
	if m := monitor(s.status(0)); !strings.HasPrefix(m, "warning Nothing checks this machine") || !strings.Contains(m, "aadsshlogin-handler.service fails when systemd starts it") {
		t.Errorf("enable says of a watch that cannot check: %s", m)
	}
	s.Do("rm -r /etc/systemd/system/aadsshlogin-handler.service.d && systemctl daemon-reload")
	s.operate("enable", 0, 0)
	if m := monitor(s.status(0)); !strings.HasPrefix(m, "success") {
		t.Errorf("enable says of a watch that can check again: %s", m)
	}
	s.monitorIsWell()
	s.partsGone()
}

// partsGone masks and deletes parts of the watch. doctor names what is missing, and its next
// step brings it back: a mask is in the place of the unit's own file, so taking it away is
// not enough.
func (s *booted) partsGone() {
	const units = "/etc/systemd/system/aadsshlogin-handler"
	for _, c := range []struct{ script, says string }{
		{"ln -sf /dev/null " + units + ".timer", "aadsshlogin-handler.timer is masked"},
		{"ln -sf /dev/null " + units + "-repair.service", "aadsshlogin-handler-repair.service is masked"},
		{"rm " + units + ".path", "aadsshlogin-handler.path is missing"},
		{"rm " + units + "*", "its units are missing"},
		{"rm /var/lib/aadsshlogin-handler/watch.json", "the record of what to check is missing"},
	} {
		s.Do(c.script + " && systemctl daemon-reload")
		next := s.monitorWarns(c.says, "et the extension again")
		if command, isCommand := strings.CutPrefix(next, "Run: "); isCommand {
			s.operate("enable", 0, 0)
			if m := monitor(s.status(0)); !strings.Contains(m, c.says) || !strings.Contains(m, next) {
				s.T.Errorf("%s: enable says: %s", c.script, m)
			}
			command, _, _ = strings.Cut(command, ";")
			s.Do(strings.ReplaceAll(command, "sudo ", ""))
		}
		s.operate("enable", 0, 0)
		if m := monitor(s.status(0)); !strings.HasPrefix(m, "success") {
			s.T.Errorf("%s: the next enable says: %s", c.script, m)
		}
		s.monitorIsWell()
	}
}

// monitorWarns is the next step of doctor's warning about the watch.
func (s *booted) monitorWarns(says, next string) string {
	s.T.Helper()
	for _, c := range s.doctorSays().Checks {
		if c.Name == "monitor" && c.Answer == "warn" && strings.Contains(c.Text, says) && strings.Contains(c.Next, next) {
			return c.Next
		}
	}
	s.T.Fatalf("doctor does not warn of the watch: %s", s.sh("aadsshlogin-handler doctor --all --only monitor"))
	return ""
}

func (s *booted) monitorIsWell() {
	s.T.Helper()
	for _, c := range s.doctorSays().Checks {
		if c.Name == "monitor" && c.Answer != "pass" {
			s.T.Errorf("doctor says of a watch that works: %s", c.Text)
		}
	}
}
