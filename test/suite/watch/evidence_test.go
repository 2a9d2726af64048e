//go:build rig

package watch_test

import (
	"strings"
	"testing"

	"aadssh/status"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/wire"
)

// TestEvidence: what is unknown is answered by a person's real sign-in, in a real journal,
// that is newer than each deciding file and than sshd's last start. It overrules nothing
// that is known.
func TestEvidence(t *testing.T) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.Ubuntu("24.04"), roots.RHEL("9.4")} {
		t.Run(p.Name, func(t *testing.T) {
			s := enabledPersona(t, p, settings)
			s.rest()
			s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; printf '#!/bin/sh\\nexit 0\\n' > /usr/local/bin/ask; chmod 755 /usr/local/bin/ask")
			const unit = "$(systemctl is-active --quiet ssh && echo ssh || echo sshd)"
			// The line precedes the first of the account stack.
			ask := func(program string) string {
				return "cp -a /etc/pam.d/sshd /root/pam; n=$(grep -n -m 1 -E '^(@include[[:space:]]+common-account|account)' /etc/pam.d/sshd | cut -d: -f1); sed -i \"${n}iaccount required pam_exec.so " + program + "\" /etc/pam.d/sshd"
			}
			says := func(want int, promise bool) string {
				t.Helper()
				said := s.operate("enable", 0, want)
				if strings.HasPrefix(said, "People can sign in") != promise {
					t.Errorf("enable says %s", said)
				}
				return said
			}

			s.Do(ask("/usr/local/bin/ask"))
			if said := says(0, false); !strings.Contains(said, "pam_exec") {
				t.Errorf("what decides is not named: %s", said)
			}
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			says(0, true)
			r := s.status(0)
			for _, sub := range r.Substatuses {
				if sub.Level != status.Success && sub.Name != "monitor" && sub.Name != "distro" {
					t.Errorf("settled, and %s is %s: %s", sub.Name, sub.Level, sub.Message)
				}
			}

			// A deciding file is newer than the sign-in.
			s.Do("sleep 1; touch /etc/pam.d/sshd")
			says(0, false)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			says(0, true)

			// sshd was restarted since.
			s.Do("sleep 1; systemctl restart " + unit)
			says(0, false)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			says(0, true)

			// The deciding program was changed. An attempt that PAM rejected is no sign-in,
			// and neither is a line that anybody can write.
			s.Do("printf '#!/bin/sh\\nexit 1\\n' > /usr/local/bin/ask")
			if s.signInAt(wire.Guest, 22) {
				t.Fatal("pam_exec lets the person in")
			}
			s.Do("runuser -u nobody -- logger -t sshd 'Accepted publickey for " + person + " from 10.0.0.1 port 4711 ssh2: RSA-CERT SHA256:x ID rig (serial 0) CA ED25519 SHA256:x'; runuser -u nobody -- logger -t sshd 'pam_unix(sshd:session): session opened for user " + person + "(uid=1000) by (uid=0)'")
			says(0, false)

			// A known failure stays, whoever signed in before.
			s.Do("cp -a /root/pam /etc/pam.d/sshd; printf '#!/bin/sh\\nexit 0\\n' > /usr/local/bin/ask")
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.Do("rm /usr/local/bin/ask; " + ask("/usr/local/bin/ask"))
			if said := says(21, false); !strings.Contains(said, "/usr/local/bin/ask") {
				t.Errorf("enable says %s", said)
			}

			// If systemd listens instead, sshd does not log that it listens.
			if p.Family != roots.Apt {
				return
			}
			s.Do("printf '#!/bin/sh\\nexit 0\\n' > /usr/local/bin/ask; chmod 755 /usr/local/bin/ask; systemctl stop ssh.service; systemctl start ssh.socket; sleep 1")
			says(0, false)
			signsIn := func(promise bool) {
				t.Helper()
				s.Do("sleep 1.2") // a process's start time is known to the second
				if !s.signIn() {
					t.Fatal("the person does not get in")
				}
				s.Do("sleep 1.2")
				if !s.signIn() { // the first one may have started sshd
					t.Fatal("the person does not get in")
				}
				says(0, promise)
			}
			signsIn(true)
			s.Do("sleep 1; touch /etc/ssh/sshd_config")
			signsIn(false) // because of the configuration that sshd read before
			s.Do("systemctl reload ssh; sleep 1")
			says(0, false)
			signsIn(true)
		})
	}
}
