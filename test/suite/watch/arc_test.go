//go:build rig

package watch_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"aadssh/test/lib/metadata"
	"aadssh/test/lib/stage"
	"aadssh/test/lib/wire"
)

// arc makes the machine an Arc-enabled server: the Connected Machine agent's program
// exists, and its service answers.
func (s *booted) arc() *metadata.Service {
	t := s.T
	t.Helper()
	stage.Must(t, s.WriteFile("/opt/azcmagent/bin/himds", []byte("#!/bin/sh\n"), 0o755))
	s.Do("mkdir -p -m 750 " + metadata.ArcTokens)
	service := metadata.Arc(func(path string, content []byte) error { return s.WriteFile(path, content, 0o440) }).
		Always(metadata.ComputePath, metadata.JSON(metadata.ArcServer())).
		Always(metadata.TokenPath, metadata.TokenOf(metadata.ArcID("rg-edge", "db1")))
	_, port, _ := strings.Cut(metadata.ArcAddress, ":")
	l, err := s.Listen("tcp", wire.Gateway+":"+port)
	stage.Must(t, err)
	go func() { _ = http.Serve(l, service) }() // ends with the machine
	s.Do("cat > /etc/systemd/system/himds.socket <<'END'\n[Socket]\nListenStream=" + metadata.ArcAddress + "\nEND\n" +
		"cat > /etc/systemd/system/himds.service <<'END'\n[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd " + wire.Gateway + ":" + port + "\nEND\n" +
		"systemctl daemon-reload && systemctl start himds.socket")
	return service
}

// keysInside copies the person's key and certificate into the machine, from which people
// connect through the agent of an Arc-enabled server.
func (s *booted) keysInside() {
	t := s.T
	t.Helper()
	for _, name := range []string{"user", "user-cert.pub"} {
		content, err := os.ReadFile(s.keys + "/" + name)
		stage.Must(t, err)
		stage.Must(t, s.WriteFile("/root/keys/"+name, content, 0o600))
	}
}

// TestSignInOnArc: people connect to an Arc-enabled server from the machine itself. A rule
// that rejects other people is not a finding there; a rule that rejects those is one.
func TestSignInOnArc(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.arc()
	s.run(0, program+" setup")
	s.Do("aaduseradd " + person)
	s.keysInside()
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; cp -a /etc/ssh /root/ssh")
	config := func(lines string) string {
		return "{ printf '" + lines + "'; cat /root/ssh/sshd_config; } > /etc/ssh/sshd_config"
	}
	for _, c := range []struct {
		name, script string
		in           bool
		names        string // of 21
	}{
		{"as it is shipped", "true", true, ""},
		{"sshd listens on loopback alone", config(`ListenAddress 127.0.0.1\n`), true, ""},
		{"sshd listens on the network alone", config("ListenAddress " + wire.Guest + `\n`), false, "ListenAddress"},
		{"keys are off for the machine itself", config(`Match Address 127.0.0.0/8,::1\n    PubkeyAuthentication no\nMatch all\n`), false, "PubkeyAuthentication"},
		{"keys are off for all others", config(`Match Address *,!127.0.0.1,!::1\n    PubkeyAuthentication no\nMatch all\n`), true, ""},
		{"a second factor for the machine's own address on the network", config("Match LocalAddress " + wire.Guest + `\n    AuthenticationMethods publickey,password\nMatch all\n`), true, ""},
		{"hosts.allow has the machine itself alone", "echo 'sshd: 127.0.0.1' > /etc/hosts.allow; echo 'ALL: ALL' > /etc/hosts.deny", true, ""},
		{"hosts.deny has the machine itself", "echo 'sshd: 127.' > /etc/hosts.deny", false, "hosts.deny"},
		{"port 22 is closed to the network", "iptables -I INPUT -i host0 -p tcp --dport 22 -j DROP; iptables -I INPUT -i eth0 -p tcp --dport 22 -j DROP", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.T = t
			s.Do("rm -rf /etc/ssh && cp -a /root/ssh /etc/ssh; rm -f /etc/hosts.allow /etc/hosts.deny")
			s.Do(c.script + "\nsystemctl restart ssh")
			said := s.sh("ssh -F none -4 -i /root/keys/user -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=5 -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR -l " + person + " localhost id -un")
			if got := said == person; got != c.in {
				t.Errorf("in: %v, %s", got, said)
			}
			s.check()
			r := s.setUp(0)
			var warned []string
			for _, sub := range r.Substatuses {
				if sub.Level != "success" && sub.Name != "monitor" && sub.Name != "distro" {
					warned = append(warned, sub.Message)
				}
			}
			if c.in && (r.Code != 0 || warned != nil) || !c.in && (r.Code != 21 || !strings.Contains(r.Message, c.names)) {
				t.Errorf("%d %s\n%q", r.Code, r.Message, warned)
			}
			if out := s.sh(copied + " doctor --only firewall --all"); strings.Contains(out, "port 22 is closed") || strings.Contains(out, "Closed") {
				t.Errorf("doctor says %s", out)
			}
		})
	}
}
