//go:build rig

package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/stage"
)

// What the installers of other sign-in programs set up: opkssh's scripts/install-linux.sh,
// and the packages himmelblau, nss-himmelblau, pam-himmelblau and himmelblau-sshd-config.
const (
	opkssh = `mkdir -p /etc/ssh/sshd_config.d /etc/opk
printf '#!/bin/sh\nexit 1\n' > /usr/local/bin/opkssh; chmod 755 /usr/local/bin/opkssh
groupadd --system opksshuser; useradd -r -M -s /sbin/nologin -g opksshuser opksshuser
printf '%b' 'AuthorizedKeysCommand /usr/local/bin/opkssh verify %u %k %t\nAuthorizedKeysCommandUser opksshuser\n' > /etc/ssh/sshd_config.d/60-opk-ssh.conf
printf 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0 096ce0a3-5e72-4da8-9c86-12924b294a01 24h\n' > /etc/opk/providers
printf 'azureuser ada@contoso.com https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0\n' > /etc/opk/auth_id
chgrp -R opksshuser /etc/opk; chmod 640 /etc/opk/*
`
	himmelblau = `mkdir -p /etc/himmelblau; printf '[global]\ndomain = contoso.com\n' > /etc/himmelblau/himmelblau.conf
sed -i -E '/^(passwd|group|shadow|initgroups):/s/$/ himmelblau/' /etc/nsswitch.conf
sed -i '1i account [success=ok auth_err=die default=ignore] pam_himmelblau.so ignore_unknown_user' /etc/pam.d/common-account
mkdir -p /etc/ssh/sshd_config.d; echo 'KbdInteractiveAuthentication yes' > /etc/ssh/sshd_config.d/30-himmelblau.conf
`
)

// TestOtherProgramsAlone: on machines where another program lets people in, doctor says
// that aadsshlogin is not installed, which program is used, and what its rules say about
// the person in question. It reports no fault of that program.
func TestOtherProgramsAlone(t *testing.T) {
	for _, c := range []struct{ name, script, says, ofOne, next string }{
		{"opkssh", opkssh, "sshd asks /usr/local/bin/opkssh for keys (AuthorizedKeysCommand at /etc/ssh/sshd_config.d/60-opk-ssh.conf:1)",
			"it may let ada@contoso.com in as azureuser (/etc/opk/auth_id:1)", "sudo opkssh audit"},
		{"himmelblau", himmelblau, "the name service asks Himmelblau (/etc/nsswitch.conf:", "Himmelblau", "sudo aad-tool status; getent -s himmelblau passwd "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fresh(t, jammy())
			s.SSHD()
			s.Do(c.script)
			all, _ := s.examine(nil)
			one, _ := s.examine(nil, "--user", "ada@contoso.com")
			for _, r := range []doctor.Report{all, one} {
				if r.Verdict.Check != "packages" || r.Verdict.Code != 26 {
					t.Errorf("the first line is about %s: %s", r.Verdict.Check, r.Verdict.Text)
				}
				at := slices.IndexFunc(r.Checks, func(c doctor.Check) bool { return c.Name == "other-programs" })
				if at < 0 {
					t.Fatalf("there is no such check: %+v", r.Checks)
				}
				found := r.Checks[at]
				if found.Answer != "warn" || !strings.Contains(found.Text, c.says) || !strings.Contains(found.Next, c.next) || r.User != nil && !strings.Contains(found.Text, c.ofOne) {
					t.Errorf("%+v", found)
				}
				for _, other := range r.Checks {
					if other.Answer == "fail" && other.Name != "packages" || other.Answer == "warn" && other.Name != "other-programs" && other.Name != "plan" {
						t.Errorf("%s %s: %s", other.Answer, other.Name, other.Text)
					}
				}
			}
		})
	}
}

// TestMicrosoftsHandler: on a machine that Microsoft's extension set up, doctor mentions
// neither our folders nor our watch, whether sign-in works or not.
func TestMicrosoftsHandler(t *testing.T) {
	const dir = agentrun.Lib + "/Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-1.0.3162.1"
	s := healthy(t, jammy())
	on := stage.On(t, s.Box)
	// The package stays; our files are removed, and Microsoft's extension gets its folder.
	on.Do("rm -rf /var/lib/waagent/*AADSSHLoginForLinux* /var/lib/aadsshlogin-handler /usr/local/bin/aadsshlogin-handler /etc/systemd/system/aadsshlogin* /var/log/azure/*AADSSHLoginForLinux*")
	on.Do("mkdir -p " + dir + "/config " + dir + "/status /var/log/azure/Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux; echo -n Enabled > " + dir + "/config/HandlerState; cd " + dir + "; for f in installer enable disable uninstall update; do printf '#!/bin/sh\n' > $f.sh; chmod 755 $f.sh; done")
	s.Write(dir+"/HandlerManifest.json", `[{"version":1.0,"handlerManifest":{"installCommand":"installer.sh","enableCommand":"enable.sh","disableCommand":"disable.sh","uninstallCommand":"uninstall.sh","updateCommand":"update.sh","rebootAfterInstall":false,"reportHeartbeat":false}}]`)
	s.Write(dir+"/HandlerEnvironment.json", `[{"name":"Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux","version":1.0,"handlerEnvironment":{"logFolder":"/var/log/azure/Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux","configFolder":"`+dir+`/config","statusFolder":"`+dir+`/status","heartbeatFile":"`+dir+`/heartbeat.log"}}]`)
	for _, c := range []struct{ name, script, check string }{
		{"sign-in works", "", ""},
		{"the block is gone", resetSSH, "sshd-command"},
		{"opkssh took its place", opkssh, "sshd-command"},
		{"the package is gone", "DEBIAN_FRONTEND=noninteractive dpkg -P aadsshlogin", "packages"},
	} {
		on.Do(c.script)
		for _, args := range [][]string{nil, {"--user", "ada@contoso.com"}} {
			r, _ := s.examine(nil, args...)
			if args != nil && c.check == "" {
				c.check = "person-role" // who has a role is decided in Azure
			}
			if r.Verdict.Check != c.check || (r.Verdict.Code == 0) != (c.script == "") {
				t.Errorf("%s %v: the first line is about %q: %s", c.name, args, r.Verdict.Check, r.Verdict.Text)
			}
			if args == nil && !strings.Contains(r.Machine.Handler, "1.0.3162.1") {
				t.Errorf("%s: the handler is %q", c.name, r.Machine.Handler)
			}
			for _, check := range r.Checks {
				for _, ours := range []string{"/var/lib/aadsshlogin-handler", "aadsshlogin-handler.timer", "handler.log"} {
					if strings.Contains(check.Text+check.Next, ours) {
						t.Errorf("%s %v: %s mentions %s: %s > %s", c.name, args, check.Name, ours, check.Text, check.Next)
					}
				}
			}
		}
	}
}
