//go:build rig

package watch_test

import (
	"strings"
	"testing"

	"aadssh/test/lib/nextstep"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/wire"
)

// TestServiceUnit: enable's verdict is about the options with which sshd's unit and an
// administrator's drop-in start it, whether it runs or systemd will start it when somebody
// connects; and the next step lets people in.
func TestServiceUnit(t *testing.T) {
	for _, p := range []roots.Persona{roots.Debian(roots.Bullseye), roots.Debian(roots.Bookworm)} {
		t.Run(p.Name, func(t *testing.T) {
			s := enabledPersona(t, p, settings)
			s.rest()
			s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; cp -a /etc/ssh /root/ssh; cp -a /etc/default/ssh /root/default")
			for _, c := range serviceCases() {
				if each := s.Try("test -e /lib/systemd/system/ssh@.service").ExitCode == 0; c.each && !each || c.socket && each {
					continue // the socket of this release starts one sshd, or one for each connection
				}
				t.Run(c.name, func(t *testing.T) {
					s.T = t
					s.Do("rm -rf /etc/systemd/system/ssh*.service.d /etc/ssh /etc/site && cp -a /root/ssh /etc/ssh && cp -a /root/default /etc/default/ssh && mkdir -p /etc/systemd/system/ssh.service.d /etc/systemd/system/ssh@.service.d")
					s.Do("systemctl stop ssh.socket; systemctl stop ssh.service; systemctl reset-failed ssh.service; " + c.script + "\nsystemctl daemon-reload")
					s.Try("systemctl start " + c.starts())
					if !c.late && s.signInAt(wire.Guest, 22) != (c.code == 0) {
						t.Errorf("sign-in: %v", c.code != 0)
					}
					said := s.operate("enable", 0, c.code)
					if !strings.Contains(said, c.names) {
						t.Errorf("enable says %s", said)
					}
					if c.code == 0 {
						return
					}
					// systemd tries an sshd that ends at once a few times, and a restart that is asked
					// for meanwhile ends as that try does.
					s.Await("case $(systemctl show --property=ActiveState --value ssh.service) in activating | deactivating) exit 1 ;; esac")
					s.Do(nextstep.Command(strings.TrimSpace(said)))
					if c.socket {
						s.Do("systemctl stop ssh.service; systemctl restart ssh.socket")
					}
					in := s.signInAt(wire.Guest, 22)
					for tries := 20; !in && tries > 0; tries-- { // a reload has only begun when systemctl ends
						s.Do("sleep 0.2")
						in = s.signInAt(wire.Guest, 22)
					}
					if !in {
						t.Errorf("the next step does not let people in: %s", said)
					}
					s.operate("enable", 0, 0)
				})
			}
		})
	}
}

// TestReloadWithoutEffect: systemd may report a reload as done although sshd has not read
// its configuration. If the configuration is right and the running sshd has an older one,
// nothing is promised.
func TestReloadWithoutEffect(t *testing.T) {
	s := enabledPersona(t, roots.Debian(roots.Bookworm), settings)
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; systemctl stop ssh.socket; mkdir -p /etc/systemd/system/ssh.service.d; cp -a /etc/ssh /root/ssh")
	for reload, code := range map[string]int{"ExecReload=\\nExecReload=/bin/true": 0, "ExecReload=\\nExecReload=/bin/false": 1} {
		s.Do("echo 'AllowUsers admin' | cat - /root/ssh/sshd_config > /etc/ssh/sshd_config; printf '[Service]\\n" + reload + "\\n' > /etc/systemd/system/ssh.service.d/site.conf; systemctl daemon-reload; systemctl restart ssh; sleep 1")
		s.Do("cat /root/ssh/sshd_config > /etc/ssh/sshd_config")
		if got := s.Try("systemctl reload ssh").ExitCode; got != code {
			t.Errorf("systemctl reload ends with %d", got)
		}
		if s.signIn() {
			t.Fatal("people get in")
		}
		said := s.operate("enable", 0, 0)
		warned := ""
		for _, sub := range s.status(0).Substatuses {
			if sub.Level != "success" {
				warned += sub.Message + "\n"
			}
		}
		if strings.HasPrefix(said, "People can sign in") || !strings.Contains(warned, "not read") && !strings.Contains(warned, "changed after the running sshd") {
			t.Errorf("%s: enable says %s\nand warns: %s", reload, said, warned)
		}
		s.Do("systemctl restart ssh")
		if !s.signIn() || !strings.HasPrefix(s.operate("enable", 0, 0), "People can sign in") {
			t.Error("people do not get in after a restart, or enable does not say so")
		}
	}
}

// TestNoNewPrivileges: a privilege that sshd's unit drops is missing for everybody's sudo.
func TestNoNewPrivileges(t *testing.T) {
	s := enabledPersona(t, roots.Debian(roots.Bookworm), settings)
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; systemctl stop ssh.socket; mkdir -p /etc/systemd/system/ssh.service.d; sed -i 's/^aad_admins:.*/&" + person + "/' /etc/group")
	for value, works := range map[string]bool{"yes": false, "no": true} {
		s.Do("printf '[Service]\\nNoNewPrivileges=" + value + "\\n' > /etc/systemd/system/ssh.service.d/site.conf; systemctl daemon-reload; systemctl restart ssh")
		r, err := s.Outside(t.Context(), "timeout", "30", "ssh", "-F", "none", "-i", s.keys+"/user", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
			"-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-l", person, wire.Guest, "sudo -n id -u")
		s.Must(err)
		if got := r.ExitCode == 0; got != works {
			t.Errorf("with NoNewPrivileges=%s sudo works: %v\n%s", value, got, r.Output())
		}
		s.operate("enable", 0, 0)
		warned := ""
		for _, sub := range s.status(0).Substatuses {
			warned += sub.Message + "\n"
		}
		if strings.Contains(warned, "NoNewPrivileges=") == works {
			t.Errorf("with NoNewPrivileges=%s enable says %s", value, warned)
		}
	}
}

type serviceCase struct {
	name, script string
	socket       bool // ssh.socket listens, and starts one sshd
	each         bool // ssh.socket listens, and starts an sshd for each connection
	late         bool // nobody has connected before enable
	code         int  // of enable
	names        string
}

func (c serviceCase) starts() string {
	if c.socket || c.each {
		return "ssh.socket"
	}
	return "ssh.service"
}

func serviceCases() []serviceCase {
	unit := func(lines string) string {
		return "printf '[Service]\\n" + lines + "' > /etc/systemd/system/ssh.service.d/site.conf"
	}
	const starts = `ExecStart=\nExecStart=/usr/sbin/sshd -D `
	return []serviceCase{
		{name: "as it is shipped", script: "true"},
		{name: "a drop-in with an option", script: unit(starts + `-o MaxSessions=0\n`), code: 21, names: "/etc/systemd/system/ssh.service.d/site.conf:3"},
		{name: "a drop-in with an option, before anybody connects", script: unit(starts + `-o MaxSessions=0\n`), socket: true, late: true, code: 21, names: "/etc/systemd/system/ssh.service.d/site.conf:3"},
		{name: "a drop-in with a variable", script: "sed -i /SSHD_OPTS/d /etc/default/ssh; " + unit(`Environment="SSHD_OPTS=-o AllowUsers=admin"\n`), code: 21, names: "/etc/systemd/system/ssh.service.d/site.conf:2"},
		{name: "a drop-in with a variable, before anybody connects", script: "sed -i /SSHD_OPTS/d /etc/default/ssh; " + unit(`Environment="SSHD_OPTS=-o AllowUsers=admin"\n`), socket: true, late: true, code: 21, names: "/etc/systemd/system/ssh.service.d/site.conf:2"},
		{name: "a drop-in with a variable that the unit's file sets to nothing", script: unit(`Environment="SSHD_OPTS=-o AllowUsers=admin"\n`)},
		{name: "a drop-in with a file of variables", script: "echo 'SSHD_OPTS=-o MaxSessions=0' > /etc/site; " + unit(`EnvironmentFile=/etc/site\n`), code: 21, names: "/etc/site:1"},
		{name: "a drop-in with a file of variables that is empty", script: "echo > /etc/site; echo 'SSHD_OPTS=-o MaxSessions=0' > /etc/default/ssh; " + unit(`EnvironmentFile=\nEnvironmentFile=/etc/site\n`), socket: true, late: true},
		{name: "a drop-in with another configuration", script: "grep -v AuthorizedKeysCommand /etc/ssh/sshd_config | grep -v TrustedUserCAKeys > /etc/ssh/site; echo 'AllowUsers admin' | cat - /etc/ssh/sshd_config > /etc/ssh/site; " + unit(starts+`-f /etc/ssh/site\n`), code: 21, names: "/etc/ssh/site:1"},
		{name: "a drop-in with a file of variables that is gone", script: unit(`EnvironmentFile=/etc/site\n`), late: true, code: 21, names: "EnvironmentFile=/etc/site"},
		{name: "a drop-in with a second ExecStart", script: unit(`ExecStart=/usr/sbin/sshd -D -e\n`), late: true, code: 21, names: "ExecStart="},
		{name: "a drop-in with a log that cannot be", script: unit(starts + `-E /srv/gone/sshd.log\n`), late: true, code: 21, names: "/srv/gone"},
		{name: "an option of the sshd of each connection", script: strings.Replace(unit(`ExecStart=\nExecStart=-/usr/sbin/sshd -i -o MaxSessions=0\n`), "ssh.service.d", "ssh@.service.d", 1), each: true, code: 21, names: "ssh@.service.d/site.conf:3"},
		{name: "an option of the sshd of all connections, which is not used", script: unit(starts + `-o MaxSessions=0\n`), each: true},
	}
}
