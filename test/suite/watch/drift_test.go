//go:build rig

package watch_test

import (
	"strings"
	"testing"
	"time"

	"aadssh/status"
	"aadssh/test/lib/metadata"
)

// resetSSH is what VMAccess does with reset_ssh: the distribution's sshd_config, and a
// restart.
const resetSSH = "sed -i '/# Added by aadsshlogin installer/,/AuthorizedKeysCommandUser root/d' /etc/ssh/sshd_config; systemctl restart ssh"

// drift is a change that breaks the sign-in without the handler.
type drift struct{ name, script, says string }

// TestDriftIsRepaired: what the package registers is removed without the handler. The timer
// is stopped, so the path unit detects it.
func TestDriftIsRepaired(t *testing.T) {
	s := enabled(t, settings)
	s.Do("systemctl stop aadsshlogin-handler.timer")
	s.areRepaired(t, []drift{
		{"VMAccess resets sshd_config", resetSSH, "block is missing"},
		{"pam-auth-update removes the profile", "pam-auth-update --package --remove aad", "pam_aad.so is not in sshd's PAM account stack"},
		{"nsswitch.conf is rewritten", "printf 'passwd: files\\ngroup: files\\nshadow: files\\nhosts: files dns\\n' > /etc/nsswitch.conf", "\"aad\" is missing"},
		{"the certificate handler is not executable", "chmod 644 /usr/sbin/aad_certhandler", "is not executable"},
		{"the package is removed", "DEBIAN_FRONTEND=noninteractive apt-get remove -y aadsshlogin", "aadsshlogin is not installed"},
	})
}

// areRepaired makes the changes one after the other, and checks that the watch repairs
// each.
func (s *booted) areRepaired(t *testing.T, drifts []drift) {
	t.Helper()
	for _, c := range drifts {
		t.Run(c.name, func(t *testing.T) {
			s.T = t
			s.rest()
			s.Do(c.script)
			if s.signIn() {
				t.Log("the person still got in: it was put back before the attempt")
			}
			r := s.await("put back", 0, func(r status.Report) bool { return repaired(r) && strings.Contains(monitor(r), c.says) })
			if r.Code != 0 {
				t.Errorf("code %d", r.Code)
			}
			s.rest()
			if strings.Contains(c.name, "removed") {
				s.Do("aaduseradd " + person) // a removal may delete the accounts
			}
			if !s.signIn() {
				t.Error("the person does not get in")
			}
			s.forget() // each has another cause; the next case is not about the limit
		})
	}
	s.T = t
}

// forget makes the watch repair again what it has repaired today.
func (s *booted) forget() { s.Do("rm -f /var/lib/aadsshlogin-handler/looks.json") }

// TestOneRepairADay: if a tool removes it again, the watch does not fight it but reports
// the failure.
func TestOneRepairADay(t *testing.T) {
	s := enabled(t, settings)
	s.Do(resetSSH)
	s.await("put back", 0, repaired)
	s.rest()
	s.Do(resetSSH)
	r := s.await("taken away again", 0, func(r status.Report) bool { return r.Level == status.Failure })
	if r.Code != 21 || !strings.Contains(r.Message, "It was put back at ") || s.signIn() {
		t.Errorf("code %d, %s", r.Code, r.Message)
	}
	s.rest()
	before := s.written
	s.check()
	s.status(0)
	if s.written != before {
		t.Errorf("the same verdict was written again:\n%s\n%s", before, s.written)
	}
	s.operate("enable", 0, 0) // a person's own run repairs
	if !s.signIn() {
		t.Error("the person does not get in after enable")
	}
}

// TestHardening: a finding that only an administrator can fix is reported, and so is its
// end.
func TestHardening(t *testing.T) {
	s := enabled(t, settings)
	s.Do("systemctl stop aadsshlogin-handler.timer; cp -p /etc/ssh/sshd_config /root/before; (echo 'AllowGroups sudo'; cat /root/before) > /etc/ssh/sshd_config; systemctl reload ssh")
	r := s.await("reported", 0, func(r status.Report) bool { return r.Level == status.Failure })
	if r.Code != 21 || !strings.Contains(r.Message, "AllowGroups") || s.signIn() {
		t.Errorf("code %d, %s; the person must be shut out", r.Code, r.Message)
	}
	if got := s.sh("head -n 1 /etc/ssh/sshd_config"); got != "AllowGroups sudo" {
		t.Errorf("the owner's file was edited: %s", got)
	}
	s.rest()
	s.Do("cat /root/before > /etc/ssh/sshd_config; systemctl reload ssh")
	s.await("well again", 0, success)
	if !s.signIn() {
		t.Error("the person does not get in")
	}
}

// TestIdentity: an answer counts when it is repeated, a missing answer changes nothing, and
// the identity's return is detected without an action by anybody.
func TestIdentity(t *testing.T) {
	s := enabled(t, settings)
	unchanged := func(why string) {
		t.Helper()
		before := s.written
		s.check()
		if s.status(0); s.written != before {
			t.Errorf("%s: the status was written:\n%s", why, s.written)
		}
	}
	s.rest()
	s.status(0)
	s.Metadata.Always(metadata.TokenPath, metadata.Page(200))
	unchanged("no usable answer on a machine that is well")
	s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	unchanged("the first check without an identity")
	s.check()
	r := s.status(0)
	if r.Level != status.Failure || r.Code != 22 {
		t.Errorf("after the second check without an identity: %s %d %s", r.Level, r.Code, r.Message)
	}
	t.Logf("%s %d: %s", r.Level, r.Code, r.Message)
	unchanged("the third check without an identity")
	s.Metadata.Always(metadata.TokenPath, metadata.Page(200))
	unchanged("no usable answer on a machine that is not")
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
	s.check()
	if r := s.status(0); !success(r) {
		t.Errorf("the identity is back: %s %d %s", r.Level, r.Code, r.Message)
	}
	// Found once, gone, found once: not twice in a row.
	s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	unchanged("the first check")
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
	unchanged("the identity was there in between")
	s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	unchanged("the first check again")
	// enable itself reports it, under another number: the watch uses that.
	s.operate("enable", 1, 22)
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
	unchanged("the old number")
	if r := s.status(1); !success(r) {
		t.Errorf("the identity is back: %s %d %s", r.Level, r.Code, r.Message)
	}
}

// TestBurst: many changes in a row do not stop the watch.
func TestBurst(t *testing.T) {
	s := enabled(t, settings)
	s.Do("systemctl stop aadsshlogin-handler.timer; for i in $(seq 300); do touch /etc/ssh/sshd_config; echo > /etc/pam.d/zz-$i; sleep 0.05; done; rm /etc/pam.d/zz-*")
	s.rest()
	if got := s.sh("systemctl is-failed aadsshlogin-handler.service aadsshlogin-handler.path; systemctl is-active aadsshlogin-handler.path"); got != "inactive\nactive\nactive" {
		t.Errorf("the units are %s", got)
	}
	began := time.Now()
	s.Do(resetSSH)
	s.await("put back", 0, repaired)
	t.Logf("after the burst a drift is still seen, %s", time.Since(began).Round(time.Second))
}
