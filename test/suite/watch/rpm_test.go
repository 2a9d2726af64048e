//go:build rig

package watch_test

import (
	"testing"

	"aadssh/status"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
)

// TestDriftOnRPMMachines is TestDriftIsRepaired with rpm and another layout of PAM files.
func TestDriftOnRPMMachines(t *testing.T) {
	nss := drift{"nsswitch.conf is rewritten", "printf 'passwd: files\\ngroup: files\\nshadow: files\\nhosts: files dns\\n' > /etc/nsswitch.conf", "\"aad\" is missing"}
	mode := drift{"the certificate handler is not executable", "chmod 644 /usr/sbin/aad_certhandler", "is not executable"}
	reset := drift{"VMAccess resets sshd_config", resetSSH, "block is missing"}
	for _, c := range []struct {
		persona roots.Persona
		drifts  []drift
	}{
		{roots.RHEL("9.4"), []drift{reset, nss, mode,
			{"authselect makes the stacks anew", "sed -i /pam_aad/d /etc/pam.d/password-auth /etc/pam.d/system-auth", "pam_aad.so is not in sshd's PAM account stack"},
			{"the package is removed", "dnf -q -y remove aadsshlogin", "aadsshlogin is not installed"}}},
		{roots.SLES("15.6"), []drift{reset, mode,
			{"pam-config makes the stacks anew", "sed -i /pam_aad/d /etc/pam.d/common-account /etc/pam.d/common-auth", "pam_aad.so is not in sshd's PAM account stack"},
			{"the package is removed", "zypper -n -q remove aadsshlogin", "aadsshlogin is not installed"}}},
	} {
		t.Run(c.persona.Name, func(t *testing.T) {
			s := enabledPersona(t, c.persona, settings)
			s.Do("systemctl stop aadsshlogin-handler.timer")
			s.areRepaired(t, c.drifts)
		})
	}
}

// TestIdentityOnRPMMachines: its loss is reported, and its return, under systemd with the
// check's sandbox.
func TestIdentityOnRPMMachines(t *testing.T) {
	for _, p := range []roots.Persona{roots.RHEL("9.4"), roots.SLES("15.6")} {
		t.Run(p.Name, func(t *testing.T) {
			s := enabledPersona(t, p, settings)
			s.rest()
			s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
			s.check()
			if r := s.status(0); !success(r) {
				t.Errorf("the first check says %d %s", r.Code, r.Message)
			}
			s.check()
			if r := s.status(0); r.Level != status.Failure || r.Code != 22 {
				t.Errorf("the second check says %s %d %s", r.Level, r.Code, r.Message)
			}
			s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
			s.check()
			if r := s.status(0); !success(r) {
				t.Errorf("the identity is back: %s %d %s", r.Level, r.Code, r.Message)
			}
		})
	}
}

// TestRemovedWithoutNetwork: a package that was removed without the handler is restored
// from its kept file, so a repair does not depend on a proxy that only the agent's
// environment names.
func TestRemovedWithoutNetwork(t *testing.T) {
	for _, c := range []struct {
		persona roots.Persona
		remove  string
	}{
		{roots.Ubuntu("20.04"), "apt-get -q -y remove aadsshlogin"},
		{roots.Ubuntu("22.04"), "apt-get -q -y purge aadsshlogin"},
		{roots.Ubuntu("24.04"), "apt-get -q -y remove aadsshlogin"},
		{roots.RHEL("9.4"), "dnf -q -y remove aadsshlogin"},
		{roots.SLES("15.6"), "zypper -n -q remove aadsshlogin"},
	} {
		t.Run(c.persona.Name, func(t *testing.T) {
			s := enabledPersona(t, c.persona, settings)
			s.Do("systemctl stop aadsshlogin-handler.timer")
			s.rest()
			s.Packages.Down()
			before := len(s.Packages.Requests())
			s.Do(c.remove)
			s.await("put back", 0, repaired)
			if n := len(s.Packages.Requests()) - before; n > 0 {
				t.Errorf("the package host was asked %d times", n)
			}
			s.rest()
			s.Do("aaduseradd " + person) // a removal deletes the accounts
			if !s.signIn() {
				t.Error("the person does not get in")
			}
		})
	}
}
