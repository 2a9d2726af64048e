//go:build rig

package watch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/load"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/wire"
)

// signInAt connects to an address and port of the machine, from outside.
func (s *booted) signInAt(address string, port int) bool {
	s.T.Helper()
	r, err := s.Outside(s.T.Context(), "timeout", "30", "ssh", "-F", "none", "-p", fmt.Sprint(port), "-i", s.keys+"/user", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-o", fmt.Sprintf("ConnectTimeout=%.0f", load.Scaled(5*time.Second).Seconds()), "-l", person, address, "id -un")
	s.Must(err)
	return r.ExitCode == 0 && strings.TrimSpace(string(r.Stdout)) == person
}

// TestSocketUnit: if a socket unit listens instead of sshd, people reach its ListenStream=,
// and enable's verdict is about that.
func TestSocketUnit(t *testing.T) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.Ubuntu("24.04")} {
		t.Run(p.Name, func(t *testing.T) {
			s := enabledPersona(t, p, settings)
			s.rest()
			s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; systemctl disable --now ssh.service; cp -a /etc/ssh /root/ssh")
			for _, c := range socketCases() {
				t.Run(c.name, func(t *testing.T) {
					s.T = t
					s.Do("rm -rf /etc/systemd/system/ssh.socket.d /run/systemd/system/ssh.socket.d /etc/systemd/system-generators /etc/ssh && cp -a /root/ssh /etc/ssh && mkdir -p /etc/systemd/system/ssh.socket.d")
					s.Do(c.script + "\nsystemctl stop ssh.socket; systemctl stop ssh.service; systemctl daemon-reload; systemctl start ssh.socket")
					s.tryEndpoint(c.in, c.out)
					said := s.operate("enable", 0, c.code)
					report := s.status(0)
					warned := ""
					for _, sub := range report.Substatuses {
						if sub.Level != "success" && sub.Name != "monitor" && sub.Name != "distro" {
							warned += sub.Message + "\n"
						}
					}
					if !strings.Contains(said+warned, c.names) || c.names == "" && warned != "" {
						t.Errorf("enable says %s\nand warns: %s", said, warned)
					}
					if c.remedy {
						s.carryOut(said)
						s.operate("enable", 0, 0)
						if !s.signInAt(wire.Guest, 22) {
							t.Error("the next step does not let people in")
						}
					}
					s.tryEndpoint(c.in, "") // again, with an sshd that may have taken over the sockets
					if again := s.operate("enable", 0, map[bool]int{false: c.code, true: 0}[c.remedy]); !c.remedy && again != said {
						t.Errorf("after a connection enable says %s\nand before it %s", again, said)
					}
				})
			}
		})
	}
}

// tryEndpoint checks on the machine where people can connect and where not: "10.0.0.4
// 2222".
func (s *booted) tryEndpoint(in, out string) {
	s.T.Helper()
	for want, at := range map[bool]string{true: in, false: out} {
		var address string
		var port int
		if _, err := fmt.Sscanf(at, "%s %d", &address, &port); err != nil {
			continue // none is named
		}
		if got := s.signInAt(address, port); got != want {
			s.T.Errorf("sign-in at %s: %v", at, got)
		}
	}
}

// carryOut runs the command of a next step.
func (s *booted) carryOut(said string) {
	s.T.Helper()
	_, command, ok := strings.Cut(said, "run: ")
	if !ok {
		s.T.Fatalf("no command in %s", said)
	}
	s.Do(strings.ReplaceAll(strings.TrimSpace(command), "sudo ", ""))
}

type socketCase struct {
	name, script string
	in, out      string // where people can sign in, and where not
	code         int    // of enable
	names        string // what enable or a warning names; "": there is no warning
	remedy       bool   // the next step is carried out, and people can sign in on port 22
}

func socketCases() []socketCase {
	unit := func(lines string) string {
		return "printf '[Socket]\\n" + lines + "' > /etc/systemd/system/ssh.socket.d/port.conf"
	}
	config := func(lines string) string {
		return "{ printf '" + lines + "'; cat /root/ssh/sshd_config; } > /etc/ssh/sshd_config"
	}
	const at22, at2222 = wire.Guest + " 22", wire.Guest + " 2222"
	return []socketCase{
		{name: "as it is shipped", script: "true", in: at22},
		{name: "another port", script: unit(`ListenStream=\nListenStream=2222\n`), in: at2222, out: at22},
		{name: "a second port", script: unit(`ListenStream=2222\n`), in: at2222},
		{name: "loopback only", script: unit(`ListenStream=\nListenStream=127.0.0.1:22\n`), out: at22, code: 21, names: "ListenStream= at /etc/systemd/system/ssh.socket.d/port.conf:3", remedy: true},
		{name: "the machine's own address", script: unit(`ListenStream=\nListenStream=` + wire.Guest + `:2222\nFreeBind=yes\n`), in: at2222},
		{name: "IPv6 only", script: unit(`ListenStream=\nListenStream=[::]:22\nBindIPv6Only=ipv6-only\n`), out: at22, names: "IPv4"},
		{name: "both, each by its own line", script: unit(`ListenStream=\nListenStream=0.0.0.0:22\nListenStream=[::]:22\nBindIPv6Only=ipv6-only\n`), in: at22},
		{name: "a later drop-in wins", script: unit(`ListenStream=\nListenStream=127.0.0.1:22\n`) + "; printf '[Socket]\\nListenStream=\\nListenStream=2222\\n' > /etc/systemd/system/ssh.socket.d/zz.conf", in: at2222, out: at22},
		{name: "one of the same name in another folder is hidden", script: "mkdir -p /run/systemd/system/ssh.socket.d; printf '[Socket]\\nListenStream=\\nListenStream=127.0.0.1:22\\n' > /run/systemd/system/ssh.socket.d/port.conf; " + unit(`ListenStream=\nListenStream=2222\n`), in: at2222, out: at22},
		{name: "methods on the port of the unit", script: unit(`ListenStream=\nListenStream=2222\n`) + "; " + config(`Match LocalPort 2222\n    AuthenticationMethods publickey,password\nMatch all\n`), out: at2222, code: 21, names: "AuthenticationMethods"},
		{name: "methods on the port that nobody listens on", script: unit(`ListenStream=\nListenStream=2222\n`) + "; " + config(`Match LocalPort 22\n    AuthenticationMethods publickey,password\nMatch all\n`), in: at2222},
		{name: "sshd_config has a port that the unit does not read", script: config(`Port 2222\n`), in: at22, out: at2222, names: "ssh.socket listens on 22"},
		{name: "the loopback device only", script: unit(`BindToDevice=lo\n`), out: at22, code: 21, names: "BindToDevice= at /etc/systemd/system/ssh.socket.d/port.conf:2", remedy: true},
		{name: "the device that people come by", script: unit(`BindToDevice=eth0\n`), in: at22},
		{name: "a generator made the addresses of sshd_config", script: config(`Port 2222\n`) + `; mkdir -p /etc/systemd/system-generators; printf '#!/bin/sh\nmkdir -p $1/ssh.socket.d\nprintf "[Socket]\\nListenStream=\\nListenStream=0.0.0.0:2222\\nListenStream=[::]:2222\\nBindIPv6Only=ipv6-only\\n" > $1/ssh.socket.d/addresses.conf\n' > /etc/systemd/system-generators/sshd-socket-generator; chmod 755 /etc/systemd/system-generators/sshd-socket-generator`, in: at2222, out: at22},
	}
}
