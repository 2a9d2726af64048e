//go:build rig

// Package signin_test compares the handler's verdict about a machine with what a person
// experiences there: real sshd, PAM and NSS, and a certificate like those of Microsoft
// Entra ID.
package signin_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// person is a person of the directory with a role for the machine.
const person = "someone@example.com"

// checked is the file that the package's PAM module writes when it checks a role.
const checked = "/run/aad_role_checked"

// inhabited is a machine with the person's certificate in /root.
type inhabited struct{ *stage.Stage }

// inhabit is one on which enable has not run yet. Its scripts do not answer a package's
// questions.
func inhabit(t *testing.T, o scene.Options) *inhabited {
	t.Helper()
	s := &inhabited{stage.New(t, o)}
	s.Exec = func(ctx context.Context, argv ...string) (box.Result, error) {
		return s.Run(ctx, append(box.Environment(), "DEBIAN_FRONTEND=noninteractive"), argv...)
	}
	return s
}

// saved is what the cases change.
const saved = "/etc /var/lib/pam /usr/sbin/aad_certhandler /usr/sbin/aaduseradd $(ls /lib/*/security/pam_aad.so /lib/*/libnss_aad.so.2 /usr/lib64/libnss_aad.so.2 2>/dev/null)"

// passed sets up a machine on which enable has passed and the person can sign in.
// firstOnly: the package registers on its first installation only, so a reinstallation
// repairs nothing.
func passed(t *testing.T, p roots.Persona, firstOnly bool) *inhabited {
	t.Helper()
	return passedOn(t, scene.Options{Persona: p, Packages: []fixtures.Spec{
		{Name: fixtures.Login, Version: scene.Version, FirstOnly: firstOnly}}})
}

func passedOn(t *testing.T, o scene.Options) *inhabited {
	t.Helper()
	s := inhabit(t, o)
	private, public := keys.UserCA()
	for name, content := range map[string]string{"ca": string(private), "ca.pub": public} {
		if err := s.WriteFile("/root/"+name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.Do("cd /root && ssh-keygen -q -t rsa -b 2048 -N '' -f user && ssh-keygen -q -s ca -I rig -n " + person + " -V -5m:+1h user.pub && mkdir -p /run/sshd")
	if code, what, next := s.enable(); code != 0 {
		t.Fatalf("enable on a fresh machine: %d %s %s", code, what, next)
	}
	s.Do("aaduseradd " + person)
	if ok, why := s.signIn(); !ok {
		t.Fatalf("a healthy machine does not let the person in: %s", why)
	}
	s.Do("tar -cpf /root/saved.tar " + saved)
	return s
}

// restore undoes what a case did.
func (s *inhabited) restore() {
	s.T.Helper()
	s.Do("umount -q /mnt/* 2>/dev/null; rm -rf /etc/ssh /var/lib/pam /etc/pam.d /etc/sudoers.d /etc/nsswitch.conf && tar -C / -xpf /root/saved.tar && mkdir -p /run/sshd && chmod 755 /run/sshd /usr/sbin")
}

// enable is what the agent's next start does. It returns the two lines that a person reads.
func (s *inhabited) enable() (code int, what, next string) {
	s.T.Helper()
	v := s.Apply()
	return v.ExitCode, v.What(), v.Next()
}

// signIn starts this machine's sshd, makes the person connect with the certificate, and
// stops sshd.
func (s *inhabited) signIn() (ok bool, why string) {
	s.T.Helper()
	port, stop := s.sshd()
	if port == "" {
		return false, "sshd does not run: " + stop()
	}
	if err := s.Remove(checked); err != nil {
		s.T.Fatal(err)
	}
	r, err := s.Run(s.T.Context(), nil, "timeout", "30", "ssh", "-F", "none", "-p", port, "-i", "/root/user", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-l", person, "127.0.0.1", "id -un")
	log := stop()
	switch {
	case err != nil:
		s.T.Fatal(err)
	case r.ExitCode != 0 || strings.TrimSpace(string(r.Stdout)) != person:
		return false, r.Output() + log
	case !s.Exists(checked):
		return false, "in, but nobody's role was checked"
	}
	return true, ""
}

// sshd starts the daemon. The port is "" if it does not run; stop ends it and returns its
// output.
func (s *inhabited) sshd() (port string, stop func() string) {
	s.T.Helper()
	daemon, err := s.Start(nil, "/usr/sbin/sshd", "-D", "-e", "-o", "ListenAddress=127.0.0.1")
	if err != nil {
		s.T.Fatal(err)
	}
	return s.awaitPort(daemon), func() string {
		_ = daemon.Signal(syscall.SIGTERM)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		r, err := daemon.Wait(ctx)
		if err != nil {
			s.T.Fatalf("sshd does not end: %v", err)
		}
		return string(bytes.TrimSpace(r.Stdout))
	}
}

// awaitPort is the port on which the daemon listens; "" if it has ended instead.
func (s *inhabited) awaitPort(daemon *box.Process) string {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = daemon.Wait(s.T.Context())
	}()
	for {
		for _, port := range []string{"22", "2222"} {
			if c, err := s.dial("127.0.0.1:" + port); err == nil {
				c.Close()
				return port
			}
		}
		select {
		case <-ended:
			return ""
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *inhabited) dial(address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(s.T.Context(), 5*time.Second)
	defer cancel()
	return s.Dial(ctx, "tcp", address)
}
