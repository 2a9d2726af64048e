package doctor

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// Without root a result counts only if everybody can read what it depends on; any other is
// hidden, even a warning, together with its advice.
func TestWithoutRoot(t *testing.T) {
	nothing, something := func(...string) bool { return false }, func(...string) bool { return true }
	for _, about := range Table() {
		for _, answer := range []check.Answer{check.Pass, check.Warn, check.Fail, check.Unknown} {
			given := check.Result{Name: about.Name, Row: &about, Answer: answer, Text: "It is.", Next: "Make it readable again."}
			sight := about.Sight
			if got, hidden := (&machine{root: true, denied: something}).asSeen(given); hidden || got.Text != given.Text {
				t.Errorf("root: %+v", got)
			}
			got, hidden := (&machine{denied: nothing}).asSeen(given)
			complains := answer != check.Pass && answer != check.Unknown
			if (sight == nil || sight.Findings) && hidden == (sight != nil && complains) {
				t.Errorf("%s %s: %+v", about.Name, answer, got)
			}
			if hidden && (got.Answer != check.Unknown || got.Code != fault.OK || !strings.HasPrefix(got.Text, "Only root can ") || got.Next != "Run: sudo "+host.Program()+" doctor --only "+about.Name) {
				t.Errorf("%s %s: %+v", about.Name, answer, got)
			}
			if got, hidden := (&machine{denied: something}).asSeen(given); !hidden && (sight == nil || sight.Files != nil) {
				t.Errorf("%s %s, and its file was refused: %+v", about.Name, answer, got)
			}
		}
	}
	for _, c := range []struct {
		what   string
		m      machine
		r      check.Result
		hidden bool
	}{
		{"the database was not read", machine{Facts: unreadPackages()}, check.Result{Name: "packages", Answer: check.Fail, Code: fault.PackageManagerFailed}, true},
		{"not installed", machine{}, check.Result{Name: "packages", Answer: check.Fail, Code: fault.PackageManagerFailed}, false},
		{"the receipt", machine{}, check.Result{Name: "packages", Answer: check.Unknown}, true},
		{"no identity", machine{}, check.Result{Name: "identity", Answer: check.Fail, Code: fault.IdentityMissing}, false},
		{"no answer", machine{}, check.Result{Name: "identity", Answer: check.Unknown, Code: fault.IdentityUnknown}, true},
		{"no direct way", machine{}, check.Result{Name: "network-role-check", Answer: check.Fail, Code: fault.VerificationFailed}, true},
		{"a direct way", machine{}, check.Result{Name: "network-role-check"}, false},
		{"nobody gets in", machine{nologin: "/etc/nologin"}, check.Result{Name: "nologin", Answer: check.Fail}, false},
		{"PAM does not ask for it, by default", machine{nologin: "/etc/nologin"}, check.Result{Name: "nologin"}, true},
	} {
		about, _ := check.Find(Table(), c.r.Name)
		if c.r.Row = &about; about.Sight == nil {
			t.Errorf("%s: only root can be sure of it", c.r.Name)
		}
		if _, hidden := c.m.asSeen(c.r); hidden != c.hidden {
			t.Errorf("%s: hidden %v", c.what, hidden)
		}
	}
}

// asSeen is what is left of an answer for whoever asks.
func (m *machine) asSeen(r check.Result) (check.Result, bool) {
	hidden := m.hide(&r)
	return r, hidden
}

func unreadPackages() (f facts.Facts) {
	f.PackagesErr = errors.New("rpm: permission denied")
	return f
}

// Without root nothing is reported as healthy, and the command is the one that was typed.
func TestVerdictWithoutRoot(t *testing.T) {
	hidden := []Check{{Name: "memory", Answer: "pass"}, {Name: "sshd-config", Answer: "unknown", Text: "Only root can ask sshd for its configuration.", hidden: true}, {Name: "sudo", Answer: "unknown", Text: "Only root can read sudo's rules.", hidden: true},
		{Name: "sshd-groups", Answer: "unknown", Text: "Only root can ask sshd for its configuration.", hidden: true}}
	ada := &gate.Somebody{Name: "ada@contoso.com", From: netip.MustParseAddr("198.51.100.7")}
	for args, o := range map[string]Options{"": {}, " --only sshd-config,sudo": {Only: []string{"sshd-config", "sudo"}}, " --user ada@contoso.com --from 198.51.100.7": {Who: ada}} {
		r := Report{Checks: hidden}
		r.unjudged(o)
		if v := r.Verdict; v.Code != 2 || !strings.Contains(v.Text, "Not looked at as root") || !strings.Contains(v.Text, "3 answers") || v.Next != "Run: sudo "+host.Program()+" doctor"+args {
			t.Errorf("%+v", v)
		}
	}
	for _, r := range []Report{{Checks: hidden[:1]}, {Checks: hidden, Verdict: Verdict{Code: 21}}} {
		was := r.Verdict
		if r.unjudged(Options{}); !reflect.DeepEqual(r.Verdict, was) {
			t.Errorf("all was seen, or something is broken: %+v", r.Verdict)
		}
	}
	r := Report{Checks: hidden}
	r.unjudged(Options{})
	text := r.Text(Style{})
	if !strings.HasPrefix(text, "? 2 usage: Not looked at as root") || strings.Count(text, "Only root can ask sshd for its configuration (2 checks).") != 1 || strings.Contains(text, "sshd-groups") || strings.Contains(text, "OK") {
		t.Error(text)
	}
}
