//go:build rig

package doctor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/metadata"
)

// kept is how much of an output the agent's Run Command keeps, in bytes.
const kept = 4096

// everything breaks all parts of this machine, many of them with long texts.
func everything(s *machine) {
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("somebody-with-a-long-name-%d", i))
	}
	long := strings.Join(names, " ")
	dropIn := "/etc/ssh/sshd_config.d/" + strings.Repeat("somebody-named-it-at-length-", 8) + ".conf"
	s.Write(dropIn, "AllowUsers "+long+"\nAllowGroups "+long+"\nPubkeyAuthentication no\n"+
		"PubkeyAcceptedAlgorithms ssh-ed25519\nCASignatureAlgorithms ssh-ed25519\nRevokedKeys /no/such/folder/revoked\nMaxSessions 0\nMaxAuthTries 1\n"+
		"ForceCommand /no/such/folder/"+strings.Repeat("x", 200)+"\nChrootDirectory /no/such/folder\nUsePAM no\nLoginGraceTime 1\n")
	wired(`sed -i '/^Match User \*@\*/,$d' /etc/ssh/sshd_config
iptables -A INPUT -p tcp --dport 22 -j DROP
touch /etc/nologin
sed -i "s/ aad//" /etc/nsswitch.conf
sed -i '/pam_aad/d' /etc/pam.d/common-*
chown daemon /usr/sbin/aad_certhandler
rm -f /usr/sbin/aaduseradd
echo 'garbage ((' >> /etc/sudoers
mount -t tmpfs -o size=1m tmpfs /tmp; dd if=/dev/zero of=/tmp/fill bs=1M 2>/dev/null; true`)(s)
	authLog("sshd[77]: pam_aad(sshd:account): AadAuthorize, Version: 1.0.033070001; CorrelationId: 0e2f", "sshd[77]: pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned.")(s)
	token(metadata.NoIdentity())(s)
	s.Packages.Down()
	s.endpoints.ahead = 10 * time.Minute
}

// TestBriefIsKeptWhole: what Run Command keeps of an output contains the verdict, and says
// how much is missing, even if everything is wrong.
func TestBriefIsKeptWhole(t *testing.T) {
	s := healthy(t, jammy())
	everything(s)
	report, code := s.examine(nil)
	wrong, whole := []string{}, 0
	for _, c := range report.Checks {
		if c.Answer != "pass" && !c.Repeats {
			wrong = append(wrong, c.Name)
			whole += len("FAIL : \n") + len(c.Name) + min(len(c.Text), 300)
		}
	}
	if len(wrong) < 15 || whole < kept+kept/4 {
		t.Fatalf("too little is wrong to show anything: %d checks of %d bytes: %v", len(wrong), whole, wrong)
	}
	brief := func(args ...string) (string, int) {
		t.Helper()
		r := s.runs(append([]string{"doctor", "--brief"}, args...)...)
		if len(r.Output()) > kept {
			t.Errorf("%d bytes:\n%s", len(r.Output()), r.Output())
		}
		return string(r.Stdout), r.ExitCode
	}
	out, exit := brief()
	head := fmt.Sprintf("FAIL %d %s: %s", code, report.Verdict.Name, report.Verdict.Text[:min(len(report.Verdict.Text), 200)])
	if exit != code || !strings.HasPrefix(out, head) || !strings.Contains(out, "more: run doctor without --brief on the machine.") {
		t.Errorf("exit %d, want %d and %q:\n%s", exit, code, head, out)
	}
	t.Logf("%d checks, %d bytes of %d", len(wrong), len(out), whole)
	for _, name := range wrong { // each once as the verdict, however long its text is
		if out, exit := brief("--only", name); exit != 0 && !strings.HasPrefix(out, fmt.Sprintf("FAIL %d ", exit)) {
			t.Errorf("%s: exit %d:\n%s", name, exit, out)
		}
	}
}
