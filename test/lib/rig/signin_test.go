//go:build rig

package rig_test

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// TestSignIn signs in through a real sshd with the modules of the fixture package: with a
// certificate of the tests' authority, and, without success, without one.
func TestSignIn(t *testing.T) {
	for _, p := range []roots.Persona{roots.Debian(roots.Bullseye), roots.Debian(roots.Bookworm), roots.Debian(roots.Trixie), roots.RHEL("9.4"), roots.SLES("15.6")} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			login := fixtures.Spec{Name: fixtures.Login, Version: version}
			var m *rig.Machine
			if p.Family == roots.Apt {
				m = aptMachine(t, p, login)
				must(t, m, "sh", "-c", "apt-get update && apt-get install -y aadsshlogin")
			} else {
				m = rpmMachine(t, p, login)
				must(t, m, manager(p, "install", "aadsshlogin")...)
			}
			authority, _ := keys.UserCA()
			if err := m.WriteFile("/root/ca", authority, 0o600); err != nil {
				t.Fatal(err)
			}
			must(t, m, "sh", "-ec", `
aaduseradd someone@example.com
mkdir -p /root/.ssh
cd /root
ssh-keygen -q -t rsa -b 3072 -N '' -f user
ssh-keygen -q -t rsa -b 3072 -N '' -f plain
ssh-keygen -q -s ca -I someone -n someone@example.com user.pub
ssh-keygen -q -t ed25519 -N '' -f otherca
ssh-keygen -q -t rsa -b 3072 -N '' -f forged
ssh-keygen -q -s otherca -I someone -n someone@example.com forged.pub
/usr/sbin/sshd`)
			ssh := func(key string) (string, int) {
				r := run(t, m, "ssh", "-F", "none", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
					"-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i", "/root/"+key, "-l", "someone@example.com", "127.0.0.1", "whoami")
				return strings.TrimSpace(r.Output()), r.ExitCode
			}
			if out, code := ssh("user"); out != "someone@example.com" || code != 0 {
				t.Errorf("with a certificate: exit %d, %q", code, out)
			}
			for _, key := range []string{"plain", "forged"} {
				if out, code := ssh(key); code != 255 || !strings.Contains(out, "Permission denied") {
					t.Errorf("with a %s key: exit %d, %q", key, code, out)
				}
			}
		})
	}
}
