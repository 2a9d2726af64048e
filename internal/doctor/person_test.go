package doctor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/signin/gate"
	"aadssh/internal/trail"
)

// Every check of the sign-in belongs to one gate of a person's sign-in.
func TestEveryCheckOfTheSignInHasAGate(t *testing.T) {
	known := map[check.Gate]int{}
	for _, g := range gates() {
		known[g.name] = 0
	}
	for _, r := range Table() {
		if _, is := known[r.Gate]; !is && (r.Gate != check.NoGate || r.Section == check.SignIn) {
			t.Errorf("%s is in the gate %q, which is none", r.Name, r.Gate)
		}
		known[r.Gate]++
	}
	for g, checks := range known {
		if checks == 0 {
			t.Errorf("no check answers for the gate %s", g)
		}
	}
}

func TestWhom(t *testing.T) {
	for _, c := range []struct{ name, from, wrong string }{
		{"ada@contoso.com", "", ""},
		{"ADA@contoso.com", "198.51.100.23", ""},
		{"ada@contoso.com", "2001:db8::1", ""},
		{"ada@contoso.com", "::ffff:198.51.100.23", ""},
		{"11111111-2222-3333-4444-555555555555", "", ""},
		{"", "", "not the name of anybody"},
		{"azureuser", "", `"azureuser" is not the name`},
		{"ada\x1b[2J@contoso.com", "", `"ada\x1b[2J@contoso.com" is not the name`},
		{"ada@contoso.com", "fe80::1%eth0", "not an address"},
		{"ada@contoso.com", "host.example.com", "not an address"},
		{"ada@contoso.com", "10.0.0.0/8", "not an address"},
		{"ada@contoso.com", "0.0.0.0", "not an address"},
		{"O'Brien@contoso.com", "", ""},
		{"AAAAAAAA-2222-3333-4444-BBBBBBBBBBBB", "", ""},
		{"ada@contoso.com ", "", "is not the name"},
		{"ada lovelace@contoso.com", "", "is not the name"},
		{`"ada"@contoso.com`, "", "is not the name"},
		{"ada@contoso.com;reboot", "", "is not the name"},
		{"$(reboot)@contoso.com", "", "is not the name"},
		{"zoë@contoso.com", "", "is not the name"},
		{"ada@контосо.com", "", "is not the name"},
		{"-oProxyCommand=x@contoso.com", "", "is not the name"},
		{"ada@contoso.com@fabrikam.com", "", "is not the name"},
		{"ada@contoso", "", "is not the name"},
		{"ada@.com", "", "is not the name"},
		{"@contoso.com", "", "is not the name"},
		{"ada@contoso.com\nroot", "", "is not the name"},
		{strings.Repeat("a", 113) + "@contoso.com", "", ""},
		{strings.Repeat("a", 114) + "@contoso.com", "", "is not the name"},
		{"ada@" + strings.Repeat("contoso.", 60) + "com", "", "is not the name"},
		{strings.Repeat("a", 1<<20), "", "is not the name"},
		{"ada@contoso.com", "198.51.100.23:22", "not an address"},
		{"ada@contoso.com", "[2001:db8::1]", "not an address"},
		{"ada@contoso.com", "[2001:db8::1]:22", "not an address"},
		{"ada@contoso.com", "2001:db8::/32", "not an address"},
		{"ada@contoso.com", "fe80::1%25eth0", "not an address"},
		{"ada@contoso.com", "010.0.0.1", "not an address"},
		{"ada@contoso.com", "10.1", "not an address"},
		{"ada@contoso.com", " 198.51.100.23", "not an address"},
		{"ada@contoso.com", "::", "not an address"},
		{"ada@contoso.com", "ff02::1", "not an address"},
		{"ada@contoso.com", "::ffff:0.0.0.0", "not an address"},
		{"ada@contoso.com", "224.0.0.1", "not an address"},
		{"ada@contoso.com", strings.Repeat("1", 1<<20), "not an address"},
		{"o'brien@contoso.com", "nowhere", `--user "o'brien@contoso.com" --from`},
	} {
		who, err := Whom(c.name, c.from, c.from != "")
		switch f := fault.Of(err); {
		case c.wrong == "" && (err != nil || who.Name != strings.ToLower(c.name) || who.From.IsValid() != (c.from != "") || who.From.Is4In6()):
			t.Errorf("%q from %q: %+v, %v", c.name, c.from, who, err)
		case c.wrong != "" && (err == nil || f.Code != fault.Usage || !strings.Contains(f.What+f.Next, c.wrong) || f.Next == "" || len(f.What) > 500):
			t.Errorf("%q from %q: %v", c.name, c.from, err)
		}
	}
}

// TestEachGateAnswers: a check that does not pass is told by its own gate and by no other,
// and of several at one gate the worst.
func TestEachGateAnswers(t *testing.T) {
	var all []Check
	for _, r := range Table() {
		all = append(all, Check{Name: r.Name, gate: r.Gate, Answer: "pass", Text: "Well."})
	}
	of := func(checks []Check) (answers []string) {
		for _, w := range gates() {
			if g, ok := w.gate(checks, true); ok && g.Answer != "pass" {
				answers = append(answers, g.Answer+" "+g.Name+" "+g.Text+" "+strings.Join(g.Checks, ","))
			}
		}
		return answers
	}
	if got := of(all); got != nil {
		t.Errorf("all pass, and %q", got)
	}
	for i, c := range all {
		for _, answer := range []string{"fail", "warn", "unknown"} {
			one := slices.Clone(all)
			one[i].Answer, one[i].Text = answer, "It is so."
			want := []string{answer + " " + string(c.gate) + " It is so. " + c.Name}
			if c.gate == check.NoGate {
				want = nil
			}
			if got := of(one); !slices.Equal(got, want) {
				t.Errorf("%s is %s: %q, want %q", c.Name, answer, got, want)
			}
		}
	}
	for _, order := range [][]string{{"unknown", "warn", "fail"}, {"fail", "unknown", "warn"}, {"warn", "fail", "unknown"}} {
		var some []Check
		for _, answer := range order {
			some = append(some, Check{Name: answer, gate: check.GateKey, Answer: answer, Text: "It is " + answer + "."})
		}
		if got, want := of(some), "fail key It is fail. "+strings.Join(order, ","); len(got) != 1 || got[0] != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What the log says of a role, and what it does not.
func TestPersonRole(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	who, _ := gate.Named("ada@contoso.com")
	line := func(minute int, text string) trail.Line {
		return trail.Line{At: noon.Add(time.Duration(minute) * time.Minute), Program: "sshd", PID: minute, Text: text}
	}
	denied := func(minute int, name string) trail.Line {
		return line(minute, "pam_aad(sshd:account): Access denied for "+name+": Azure role not assigned")
	}
	granted := line(5, "pam_aad(sshd:account): Login granted for ada@contoso.com as an admin.")
	for name, c := range map[string]struct {
		lines  []trail.Line
		answer check.Answer
		says   string
	}{
		"nothing":         {nil, check.Unknown, "decided in Azure"},
		"refused":         {[]trail.Line{denied(1, "ada@contoso.com")}, check.Fail, "refused them last"},
		"another refused": {[]trail.Line{denied(1, "bob@contoso.com")}, check.Unknown, "decided in Azure"},
		"granted":         {[]trail.Line{granted}, check.Pass, "Administrator Login"},
		"then refused":    {[]trail.Line{granted, denied(9, "ada@contoso.com")}, check.Fail, "refused them last"},
		"then granted":    {[]trail.Line{denied(1, "ada@contoso.com"), granted}, check.Pass, "Administrator Login"},
	} {
		log := trail.Log{Source: "the journal", Lines: c.lines}
		no := func(string) bool { return false }
		m := machine{one: &who, now: noon.Add(time.Hour), about: log.About(who.Name)}
		m.history.source = log.Source
		m.history.events = slices.DeleteFunc(log.Events(no, no), func(e trail.Event) bool { return !e.Concerns(who.Name, who.From) })
		r := personRole(&m)[0]
		if r.Answer != c.answer || !strings.Contains(r.Text, c.says) || c.answer != check.Pass && !strings.Contains(r.Next, "--assignee ada@contoso.com") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// An account that is there, one that is not, and a name service that is silent.
func TestPersonAccount(t *testing.T) {
	for want, a := range map[string]gate.Account{
		"pass has no account here yet":            {},
		"pass user id 1001, groups ada, shell":    {Known: true, UID: 1001, Groups: []string{"ada"}, Shell: "/bin/bash"},
		"unknown is not known: getent timed out.": {Err: errors.New("getent timed out")},
	} {
		who, _ := gate.Named("ada@contoso.com")
		who.Account = a
		r := personAccount(&machine{one: &who})[0]
		answer, text, _ := strings.Cut(want, " ")
		if r.Answer.String() != answer || !strings.Contains(r.Text, text) {
			t.Errorf("%s: %+v", want, r)
		}
	}
}

// Without the packages nothing is promised about gates that were not examined.
func TestGatesWithoutPackages(t *testing.T) {
	for _, inPlace := range []bool{true, false} {
		for _, w := range gates() {
			g, ok := w.gate([]Check{{Name: "firewall", gate: check.GateListen, Answer: "pass"}}, inPlace)
			if w.name == check.GateListen && (!ok || (g.Answer == "pass") != inPlace) {
				t.Errorf("in place %t: %+v", inPlace, g)
			}
		}
	}
}
