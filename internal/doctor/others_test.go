package doctor

import (
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/nss"
	"aadssh/internal/signin/sshd"
)

// Which other program lets people in is told by the line that has it come, and of opkssh
// also for which accounts it names the person who is asked about.
func TestOtherPrograms(t *testing.T) {
	const rules = "# who\nazureuser ada@contoso.com https://issuer\ndev oidc-match-end:email:@Contoso.com https://issuer\nroot oidc:groups:admins https://issuer\nOps ADA@contoso.com https://issuer\nshort ada@contoso.com\n"
	command := func(line int, args ...string) sshd.Directive {
		return sshd.Directive{File: "/etc/ssh/sshd_config.d/60-opk-ssh.conf", Line: line, Keyword: "authorizedkeyscommand", Args: args}
	}
	opkssh := command(1, "/usr/local/bin/opkssh", "verify", "%u", "%k", "%t")
	for _, c := range []struct {
		name, user string
		installed  bool
		directives []sshd.Directive
		passwd     string
		says       []string // of each result; none: nothing is said
		next       string
	}{
		{name: "aadsshlogin alone", installed: true, directives: []sshd.Directive{command(9, sshd.CertHandler, "%u", "%k"), command(3, "none")}, passwd: "files aad"},
		{name: "opkssh alone", directives: []sshd.Directive{opkssh, opkssh}, says: []string{"Without aadsshlogin, sshd asks /usr/local/bin/opkssh for keys (AuthorizedKeysCommand at /etc/ssh/sshd_config.d/60-opk-ssh.conf:1). Who"}, next: "sudo opkssh audit"},
		{name: "opkssh beside it", installed: true, directives: []sshd.Directive{opkssh, command(9, sshd.CertHandler)}, says: []string{"Beside aadsshlogin sshd asks /usr/local/bin/opkssh"}},
		{name: "opkssh and somebody", user: "ada@contoso.com", directives: []sshd.Directive{opkssh}, says: []string{"may let ada@contoso.com in as azureuser (/etc/opk/auth_id:2), dev (/etc/opk/auth_id:3), Ops (/etc/opk/auth_id:5)."}, next: "opkssh.log"},
		{name: "opkssh and somebody else", user: "bob@fabrikam.com", directives: []sshd.Directive{opkssh}, says: []string{"/etc/opk/auth_id does not name bob@fabrikam.com (rules for groups"}, next: "opkssh"},
		{name: "another program", directives: []sshd.Directive{command(4, "/usr/bin/sss_ssh_authorizedkeys", "%u")}, says: []string{"sshd asks /usr/bin/sss_ssh_authorizedkeys for keys"}, next: "ls -l /usr/bin/sss_ssh_authorizedkeys"},
		{name: "Himmelblau alone", user: "o'brien@contoso.com", passwd: "files systemd himmelblau", says: []string{"the name service asks Himmelblau (/etc/nsswitch.conf:1)"}, next: `getent -s himmelblau passwd "o'brien@contoso.com"`},
		{name: "Himmelblau in front", installed: true, passwd: "files himmelblau aad", says: []string{"Beside aadsshlogin the name service asks Himmelblau"}},
		{name: "both", directives: []sshd.Directive{opkssh}, passwd: "files himmelblau", says: []string{"opkssh", "Himmelblau"}, next: ""},
	} {
		m := wellSeen()
		if !c.installed {
			m.Packages = nil
		}
		m.opkssh, m.SSHD.Config.Directives = rules, c.directives
		m.Login.NSS.File, m.Login.NSS.Config = "/etc/nsswitch.conf", nss.Parse([]byte("passwd: "+c.passwd+"\n"), true)
		if c.user != "" {
			who, _ := gate.Named(c.user)
			m.one = &who
		}
		got := otherPrograms(&m)
		if len(got) != len(c.says) {
			t.Errorf("%s: %+v", c.name, got)
			continue
		}
		for i, r := range got {
			if !strings.Contains(r.Text, c.says[i]) || !strings.Contains(r.Next, c.next) || (r.Answer == check.Warn) == c.installed || (r.Next == "") != c.installed {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
	}
}
