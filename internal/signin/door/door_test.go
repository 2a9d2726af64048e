package door

import (
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/signin/gate"
	"aadssh/test/lib/checktest"
)

// The results of hosts.allow and hosts.deny, by hosts_access(5) and hosts_options(5). The
// machines of test/suite/signin test the same with sshd.
func TestAssess(t *testing.T) {
	for _, c := range []struct {
		allow, deny string
		want        gate.Outcome
		whom        string
		line        string // that decides
	}{
		{"", "", gate.In, "", ""},
		{"", "ALL: ALL\n", gate.Out, "", "/etc/hosts.deny:1"},
		{"", "ALL: ALL", gate.Out, "", "/etc/hosts.deny:1"}, // a last line without its end
		{"", "# nobody\n\nSSHD : all\n", gate.Out, "", "/etc/hosts.deny:3"},
		{"sshd: ALL\n", "ALL: ALL\n", gate.In, "", ""},
		{"sshd: ALL: spawn /bin/true: ALLOW\n", "ALL: ALL\n", gate.In, "", ""},
		{"vsftpd: ALL: ALLOW\nALL: ALL: DENY\n", "", gate.Out, "", "/etc/hosts.allow:2"},
		{"sshd: ALL: twist /bin/echo no\n", "", gate.Out, "", "/etc/hosts.allow:1"},
		{"sshd: ALL: aclexec /bin/true\n", "sshd: ALL\n", gate.NotKnown, "", "/etc/hosts.allow:1"},
		{"ALL: LOCAL, 127.0.0.1\n", "ALL: ALL\n", gate.Out, "", "/etc/hosts.deny:1"},
		{"sshd: 10.0.0.0/255.255.255.0\n", "ALL: ALL\n", gate.Out, "everybody but people who connect from 10.0.0.0/255.255.255.0", "/etc/hosts.deny:1"},
		{"sshd: 10.\n", "ALL: ALL\n", gate.Out, "everybody but people who connect from 10.", "/etc/hosts.deny:1"},
		{"", "sshd: 203.0.113.0/24\n", gate.Out, "people who connect from 203.0.113.0/24", "/etc/hosts.deny:1"},
		{"", "sshd: ALL EXCEPT 10.8.0.0/24\n", gate.Out, "everybody but people who connect from 10.8.0.0/24", "/etc/hosts.deny:1"},
		{"sshd: 10.0.0.0/8 EXCEPT 10.0.0.0/24\n", "ALL: ALL\n", gate.Out, "everybody but people who connect from 10.0.0.0/8", "/etc/hosts.deny:1"},
		{"sshd: 10. EXCEPT 10.0.\n", "ALL: ALL\n", gate.Out, "everybody but people who connect from 10.", "/etc/hosts.deny:1"},
		{"sshd: 10.0.0.\n", "sshd: 10.\n", gate.Out, "people who connect from 10.", "/etc/hosts.deny:1"},
		{"", "ALL EXCEPT sshd: ALL\n", gate.In, "", ""},
		{"", "in.telnetd: ALL\n", gate.In, "", ""},
		{"", "sshd: UNKNOWN\n", gate.NotKnown, "", "/etc/hosts.deny:1"},
		{"", "sshd: [2001:db8::]/32\n", gate.Out, "people who connect from [2001:db8::]/32", "/etc/hosts.deny:1"},
		{"", "sshd: \\\n ALL\n", gate.Out, "", "/etc/hosts.deny:1"},
		{"sshd: .example.com\n", "sshd: ALL\n", gate.Out, "everybody but people who connect from .example.com", "/etc/hosts.deny:1"},
		{"sshd: ALL: nonsense\n", "", gate.Out, "", `/etc/hosts.allow:1 (over the option "nonsense", which libwrap does not take)`},
		{"sshd: ALL: ALLOW: spawn /bin/true\n", "", gate.Out, "", "/etc/hosts.allow:1"}, // "must be at end"
		{"sshd: ALL: :ALLOW\n", "", gate.Out, "", "/etc/hosts.allow:1"},
		{"sshd: ALL:\n", "ALL: ALL\n", gate.In, "", ""},
		{"sshd: ALL: severity nobody.info: ALLOW\n", "", gate.Out, "", "/etc/hosts.allow:1"},
		{"sshd: ALL: Severity = local0.info: Linger=5: nice: umask 022: keepalive: ALLOW\n", "ALL: ALL\n", gate.In, "", ""},
		{"sshd: ALL: user nobody\n", "", gate.NotKnown, "", "/etc/hosts.allow:1"},
		{"", "sshd: /etc/banned\n", gate.Out, "people who connect from 10.0.0.", "/etc/hosts.deny:1"},
	} {
		f := Facts{Allow: Parse(AllowFile, c.allow), Deny: Parse(DenyFile, c.deny), Obeyed: "/usr/sbin/sshd", Lists: map[string]string{"/etc/banned": "10.0.0.\n"}}
		got := Assess(&f)
		if got.Outcome != c.want || got.Whom != c.whom || c.line != "" && !strings.Contains(got.Text, c.line) {
			t.Errorf("allow %q, deny %q: %+v", c.allow, c.deny, got)
		}
		f.Obeyed = ""
		if got := Assess(&f); got.Outcome != gate.In {
			t.Errorf("nobody obeys the files: %+v", got)
		}
	}
}

func TestRow(t *testing.T) {
	shut := Facts{Deny: Parse(DenyFile, "ALL: ALL\n"), Obeyed: "/usr/sbin/sshd"}
	checktest.Rows(t, []*check.Row[*Facts]{Row()}, &Facts{}, map[string]checktest.Machine[*Facts]{"sshd-hosts": {Seen: &shut}})
}

// On an Arc-enabled server people come from the machine itself.
func TestAssessArc(t *testing.T) {
	f := Facts{Allow: Parse(AllowFile, "sshd: 127.0.0.1\n"), Deny: Parse(DenyFile, "ALL: ALL\n"), Obeyed: "/usr/sbin/sshd", Arc: true}
	if got := Assess(&f); got.Outcome != gate.In {
		t.Errorf("%+v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("sshd: ALL EXCEPT 10. : spawn x\\: y : DENY\n")
	f.Add("a@b,[fd00::1]:/x @y .z\\\n EXCEPT EXCEPT\n")
	f.Fuzz(func(t *testing.T, text string) {
		facts := Facts{Allow: Parse(AllowFile, text), Deny: Parse(DenyFile, text), Obeyed: "x"}
		if a := Assess(&facts); a.Text == "" || a.Outcome != gate.In && a.Next == "" && a.Decides == "" {
			t.Errorf("%+v", a)
		}
	})
}
