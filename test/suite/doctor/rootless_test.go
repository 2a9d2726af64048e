//go:build rig

package doctor_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// asNobody runs the program as a user other than root.
func (s *machine) asNobody(args ...string) (out string, code int) {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), box.Environment(), append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program}, args...)...)
	s.Must(err)
	return string(r.Stdout) + string(r.Stderr), r.ExitCode
}

// asOthersSee are machines that look better, or worse, to users other than root.
func asOthersSee() []broken {
	put := func(path, content string, mode os.FileMode) func(*machine) {
		return func(s *machine) {
			s.WriteMode(path, content, mode)
		}
	}
	return []broken{
		{machine: "nothing is wrong", options: jammy()},
		{machine: "the block of aadsshlogin is gone", options: jammy(), breakIt: script(`sed -i '/^Match User \*@\*/,$d' /etc/ssh/sshd_config`)},
		{machine: "sshd's files are root's alone, and keep people out", options: scene.Options{Persona: roots.RHEL("9.4")},
			breakIt: script("chmod 600 /etc/ssh/sshd_config; sed -i '1i AllowGroups admins' /etc/ssh/sshd_config; mkdir -p /etc/ssh/sshd_config.d; chmod 700 /etc/ssh/sshd_config.d")},
		{machine: "nsswitch.conf is root's alone", options: jammy(), breakIt: script("chmod 600 /etc/nsswitch.conf")},
		{machine: "nsswitch.conf lacks aad", options: jammy(), breakIt: script("sed -i 's/ aad//' /etc/nsswitch.conf")},
		{machine: "PAM's files are root's alone", options: jammy(), breakIt: script("chmod 600 /etc/pam.d/* /etc/security/*")},
		{machine: "the accounts are root's alone", options: jammy(), breakIt: script("touch /etc/aadpasswd; chmod 600 /etc/aadpasswd")},
		{machine: "PAM's account stack refuses everybody", options: jammy(), breakIt: script("sed -i '1i account required pam_deny.so' /etc/pam.d/common-account")},
		{machine: "the settings are refused", options: jammy(), breakIt: func(s *machine) {
			s.WriteMode(stage.Home+"/config/0.settings", agentrun.Public(`{"packageVersion": "x y"}`), 0o600)
		}},
		{machine: "no identity", options: jammy(), breakIt: token(metadata.NoIdentity())},
		{machine: "the metadata service is kept from others", options: jammy(), breakIt: script("iptables -A OUTPUT -d 169.254.169.254 -m owner ! --uid-owner 0 -j REJECT")},
		{machine: "iptables drops port 22", options: jammy(), breakIt: wired("iptables -A INPUT -p tcp --dport 22 -j DROP")},
		{machine: "/etc/nologin is there", options: jammy(), breakIt: script("touch /etc/nologin")},
		{machine: "somebody had no role", options: jammy(), breakIt: authLog("sshd[77]: pam_aad(sshd:account): AadAuthorize, Version: 1.0.033070001; CorrelationId: 0e2f", "sshd[77]: pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned.")},
		{machine: "the package host is reached by the agent's proxy only", options: jammy(), env: []string{"https_proxy=http://10.77.0.1:3128", "no_proxy=169.254.169.254,168.63.129.16"}, breakIt: onlyByProxy},
		{machine: "a repository that nothing verifies, root's alone", options: jammy(), fresh: true,
			breakIt: put("/etc/apt/sources.list.d/p.list", "deb [trusted=yes] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n", 0o600)},
		{machine: "the older extension is enabled", options: jammy(), fresh: true,
			breakIt: func(s *machine) {
				put(agentrun.Lib+"/Microsoft.Azure.ActiveDirectory.LinuxSSH.AADLoginForLinux-1.0.1588.3/config/HandlerState", "Enabled", 0o644)(s)
				s.Do("chmod 700 " + agentrun.Lib)
			}},
		{machine: "dpkg's database is root's alone", options: jammy(), breakIt: script("chmod 600 /var/lib/dpkg/status")},
	}
}

// loosens matches advice that must never be given to a user other than root.
var loosens = regexp.MustCompile(`readable again|chmod|chown`)

// TestWithoutRoot: a user other than root never gets a better result than root, a failure
// that root does not find, advice to make a file less protected, or the answer that nothing
// is wrong. Every third machine is run, or with MACHINES=all each.
func TestWithoutRoot(t *testing.T) {
	l := newLayers(t)
	for i, b := range asOthersSee() {
		if i%3 != 0 && !whole() {
			continue
		}
		t.Run(b.machine, func(t *testing.T) {
			t.Parallel()
			s := b.set(t, l)
			s.Do("chmod 700 " + agentrun.Lib) // as the agent creates it
			root, _ := s.examine(nil)
			text, code := s.asNobody("doctor", "--json")
			validate(t, "doctor.schema.json", []byte(text))
			var mine doctor.Report
			s.Must(json.Unmarshal([]byte(text), &mine))
			if code == 0 || code != mine.Verdict.Code || mine.Root || len(mine.Plan) > 0 {
				t.Errorf("exit %d, root %v, plan %v, %+v", code, mine.Root, mine.Plan, mine.Verdict)
			}
			if code == 2 && (!strings.Contains(mine.Verdict.Text, "Not looked at as root") || mine.Verdict.Next != "Run: sudo "+program+" doctor") {
				t.Errorf("%+v", mine.Verdict)
			}
			t.Logf("root: %d %s; else: %d %s", root.Verdict.Code, root.Verdict.Check, code, mine.Verdict.Check)
			for _, c := range mine.Checks {
				compareAnswers(t, c, root.Checks)
			}
			for _, args := range [][]string{{"status"}, {"plan"}, {"doctor"}, {"doctor", "--all"}, {"doctor", "--brief"}, {"doctor", "--user", "ada@contoso.com"}, {"explain", "sudo"}, {"doctor", "--only", "sshd-command,plan,sudo"}} {
				out, ended := s.asNobody(args...)
				unlike := strings.Contains(out, "Nothing is wrong") || strings.Contains(out, "Nothing is broken") || strings.Contains(out, "Nothing is to be done") || strings.Contains(out, "keeps ada@contoso.com out")
				if (ended == 0) != (args[0] == "explain") || unlike || loosens.MatchString(out) || args[0] != "explain" && !strings.Contains(out, "sudo "+program) && ended == 2 {
					t.Errorf("%q as nobody: exit %d\n%s", args, ended, out)
				}
			}
			if out, ended := s.asNobody("doctor", "--only", "memory,distro"); ended != 0 || strings.Contains(out, "Not looked at") {
				t.Errorf("what everybody can see: exit %d\n%s", ended, out)
			}
			if out, ended := s.asNobody("support-bundle", "--output", "/tmp/bundle.tar.gz"); ended != 0 {
				t.Errorf("support-bundle: exit %d\n%s", ended, out)
			}
			about := s.Do("tar -xzOf /tmp/bundle.tar.gz README.txt doctor.txt 2>/dev/null || tar -xzOf /tmp/bundle.tar.gz --wildcards '*README.txt' '*doctor.txt'")
			if !strings.Contains(about, "It was made without root") || strings.Contains(about, "Nothing is") || loosens.MatchString(about) {
				t.Errorf("the bundle says:\n%s", about)
			}
		})
	}
}

// compareAnswers compares another user's result with root's result of the same check.
func compareAnswers(t *testing.T, mine doctor.Check, root []doctor.Check) {
	t.Helper()
	severity := []string{"pass", "unknown", "warn", "fail"}
	worst := "pass"
	for _, c := range root {
		if c.Name == mine.Name && slices.Index(severity, c.Answer) > slices.Index(severity, worst) {
			worst = c.Answer
		}
	}
	better := mine.Answer != "unknown" && slices.Index(severity, mine.Answer) < slices.Index(severity, worst)
	if better || mine.Answer == "fail" && worst != "fail" || loosens.MatchString(mine.Text+mine.Next) {
		t.Errorf("%s: %s, where root says %s: %s > %s", mine.Name, mine.Answer, worst, mine.Text, mine.Next)
	}
}
