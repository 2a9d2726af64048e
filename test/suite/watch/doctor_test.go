//go:build rig

package watch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"aadssh/internal/doctor"
)

// notHere are the checks of what the machines of this suite lack: the endpoints, and an
// agent.
const notHere = "network-role-check,network-login,network-repository,clock,agent"

// doctorSays runs doctor as a person does, for one person if who is not empty.
func (s *booted) doctorSays(who ...string) doctor.Report {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), append([]string{s.dir + "/bin/aadsshlogin-handler", "doctor", "--json", "--skip", notHere}, who...)...)
	s.Must(err)
	var report doctor.Report
	if err := json.Unmarshal(r.Stdout, &report); err != nil {
		s.T.Fatalf("%v\n%s", err, r.Output())
	}
	if r.ExitCode != report.Verdict.Code {
		s.T.Errorf("exit %d, verdict %+v", r.ExitCode, report.Verdict)
	}
	return report
}

// overrun makes systemd give the path unit up, because it was triggered too often
// (StartLimitBurst=, systemd.unit(5)).
const overrun = `d=/etc/systemd/system/aadsshlogin-handler.service.d
systemctl stop aadsshlogin-handler.service
mkdir -p $d && printf '[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n[Service]\nExecStart=\nExecStart=/bin/true\n' > $d/often.conf && systemctl daemon-reload
for i in $(seq 300); do touch /etc/nsswitch.conf; sleep 0.2; systemctl is-failed -q aadsshlogin-handler.path && break; done
rm -r $d; systemctl daemon-reload; systemctl reset-failed aadsshlogin-handler.service 2>/dev/null
systemctl is-active -q aadsshlogin-handler.timer && systemctl is-failed -q aadsshlogin-handler.path`

// TestDoctorOfServices: with a real systemd, the first line is about the fault of the SSH
// service, and its command fixes it; and for a person, only the journal's lines about that
// person are shown.
func TestDoctorOfServices(t *testing.T) {
	s := enabled(t, settings)
	s.rest()
	for _, c := range []struct{ name, script, check, says, next string }{
		{"masked", "systemctl mask --now ssh.service", "sshd-listening", "masked", "sudo systemctl unmask ssh"},
		{"stopped", "systemctl stop ssh.service", "sshd-listening", "no sshd is running", "sudo systemctl start ssh"},
		{"not after a boot", "systemctl disable ssh.service", "ssh-service", "does not start with the machine", "sudo systemctl enable ssh"},
		{"an old configuration", "sleep 1; echo '# changed' >> /etc/ssh/sshd_config", "sshd-reload", "changed after", "sudo systemctl reload-or-restart ssh"},
		{"a path unit that failed, while the timer runs", overrun, "monitor", "aadsshlogin-handler.path is failed", "sudo systemctl enable --now aadsshlogin-handler.path"},
		{"nologin", "touch /run/nologin", "nologin", "nobody but root", "sudo rm /run/nologin"},
		{"host keys that others may read", "chmod 644 /etc/ssh/ssh_host_*_key", "sshd-config", "others may read", "sudo chmod 600"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.T = t
			s.Do(c.script)
			r := s.doctorSays()
			if r.Verdict.Check != c.check || !strings.Contains(r.Verdict.Text, c.says) || !strings.Contains(r.Verdict.Next, c.next) {
				t.Fatalf("doctor says first %s: %s > %s", r.Verdict.Check, r.Verdict.Text, r.Verdict.Next)
			}
			command := c.next
			if at := strings.Index(r.Verdict.Next, c.next); at >= 0 {
				command, _, _ = strings.Cut(r.Verdict.Next[at:], "; ")
				command, _, _ = strings.Cut(command, ". See why")
			}
			s.Do(strings.ReplaceAll(command, "sudo ", ""))
			if after := s.doctorSays(); after.Verdict.Check == c.check {
				t.Errorf("the step does not help: %s: %s", command, after.Verdict.Text)
			}
		})
	}
	s.T = t
	if !s.signIn() {
		t.Fatal("the person does not get in")
	}
	mine, others := s.doctorSays("--user", person), s.doctorSays("--user", "nobody@contoso.com")
	if len(mine.User.Log) == 0 || !strings.Contains(strings.Join(mine.User.Log, "\n"), "Accepted publickey for "+person) {
		t.Errorf("the journal has nothing of the person: %q", mine.User.Log)
	}
	if len(others.User.Log) != 0 {
		t.Errorf("about somebody who never connected: %q", others.User.Log)
	}
	s.Do("printf 'DenyUsers nobody?contoso.com\\n' | cat - /etc/ssh/sshd_config > /tmp/c && cat /tmp/c > /etc/ssh/sshd_config && systemctl reload ssh")
	if r := s.doctorSays("--user", "nobody@contoso.com"); r.Verdict.Code != 21 || r.Verdict.Check != "sshd-users" {
		t.Errorf("%+v", r.Verdict)
	}
	if r := s.doctorSays("--user", person); r.Verdict.Code != 0 {
		t.Errorf("%+v", r.Verdict)
	}
}

// TestOldConfiguration: sshd's configuration in memory decides, not the one on the disk: if
// a file that rejected people was corrected and sshd was not reloaded, nobody can sign in,
// and enable promises nothing until it is.
func TestOldConfiguration(t *testing.T) {
	s := enabled(t, settings)
	s.rest()
	s.Do("aaduseradd " + person + "; cp -p /etc/ssh/sshd_config /root/c; sed -i '1i AllowUsers root' /etc/ssh/sshd_config && systemctl reload ssh")
	if out := s.operate("enable", 0, 21); !strings.Contains(out, "AllowUsers") {
		t.Errorf("shut out: %s", out)
	}
	s.Do("sleep 0.1; cat /root/c > /etc/ssh/sshd_config") // and nobody reloads sshd
	if s.signIn() {
		t.Fatal("sshd has read its configuration, though nobody reloaded it")
	}
	const open = "whether people get in also depends on sshd, which has not read its configuration since it was changed"
	if out := s.operate("enable", 0, 0); !strings.Contains(out, open) {
		t.Errorf("sshd has an old configuration, and enable says %s", out)
	}
	s.Do("sshd -t && systemctl reload ssh; sleep 1")
	if out := s.operate("enable", 0, 0); !strings.Contains(out, "People can sign in to this machine") || !s.signIn() {
		t.Errorf("sshd was reloaded, and enable says %s", out)
	}
}
