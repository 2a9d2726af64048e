package doctor

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/identity"
	"aadssh/pkgmgr"
	"aadssh/status"
)

// The last report of the extension counts until the machine shows that it was fixed.
func TestLastRun(t *testing.T) {
	missing := identity.Answer{Kind: identity.None, Fault: fault.New(fault.IdentityMissing, "None.", "")}
	for _, c := range []struct {
		name     string
		code     fault.Code
		identity identity.Answer
		want     check.Answer
		says     string
	}{
		{"success", fault.OK, missing, check.Pass, "said: "},
		{"still so, which the check of it says", fault.IdentityMissing, missing, check.Pass, "code 22"},
		{"something else is so now", fault.VerificationFailed, missing, check.Pass, "code 21"},
		{"not known to be mended", fault.PackageManagerFailed, identity.Answer{Kind: identity.SystemAssigned}, check.Fail, "code 26"},
		{"mended", fault.IdentityMissing, identity.Answer{Kind: identity.SystemAssigned}, check.Warn, "That is not so now"},
	} {
		m := machine{extension: &extension{own: true, report: &status.Report{Operation: "Enable", Code: int(c.code), Message: "It is. Do that."}}}
		m.Facts.Packages, m.Facts.Identity = pkgmgr.Packages{}, c.identity
		m.Target.Packages.Login = "aadsshlogin"
		m.decision = decide.Decision{Plan: decide.Plan{Steps: []decide.Step{{Kind: decide.Install}}}}
		if f := c.identity.Fault; f != nil {
			m.decision.Refusal = f
		}
		got := lastRunCheck(&m)
		if len(got) != 1 || got[0].Answer != c.want || !strings.Contains(got[0].Text, c.says) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if strings.Contains(got[0].Text, "That is not so now") && strings.Contains(got[0].Text, "Do that") {
			t.Errorf("%s: what was done already is advised again: %+v", c.name, got)
		}
		if still := m.decision.Outlook() != nil; still && strings.Contains(got[0].Text, "not so now") {
			t.Errorf("%s: a contradiction: %+v", c.name, got)
		}
	}
	torn := &machine{extension: &extension{own: true, torn: errors.New("0.status: unexpected end of JSON input")}}
	if got := lastRunCheck(torn); len(got) != 1 || got[0].Answer != check.Warn || !strings.Contains(got[0].Text, "cannot be read") {
		t.Errorf("a status that was cut off: %+v", got)
	}
	if got := lastRunCheck(&machine{}); got != nil {
		t.Errorf("nothing was said: %+v", got)
	}
}

// TestLastRunSaysWhatToDo: the next step is that of the run, and not a page that explains
// the code.
func TestLastRunSaysWhatToDo(t *testing.T) {
	for message, want := range map[string][2]string{
		"The key at 10.0.0.9:8080 is not a pinned one. Copy the vendor's key there, then run setup again: sudo x setup": {"with code 27: The key at 10.0.0.9:8080 is not a pinned one.", "Copy the vendor's key there, then run setup again: sudo x setup"},
		"It is signed by nobody. That is so in all. Run: sudo apt-get update":                                           {"with code 27: It is signed by nobody.", "That is so in all. Run: sudo apt-get update"},
		"It is.": {"with code 27: It is.", "Run: sudo " + host.Program() + " setup"},
	} {
		m := machine{root: true, extension: &extension{env: agent.Standalone("1.0.0.0"), report: &status.Report{Operation: "Setup", Code: 27, Message: message}}}
		m.Facts.Packages, m.Facts.Identity = pkgmgr.Packages{}, identity.Answer{Kind: identity.SystemAssigned}
		m.Target.Packages.Login = "aadsshlogin"
		m.decision = decide.Decision{Plan: decide.Plan{Steps: []decide.Step{{Kind: decide.Install}}}}
		got := lastRunCheck(&m)
		if len(got) != 1 || got[0].Answer != check.Fail || got[0].Code != fault.RepositoryUntrusted || !strings.HasSuffix(got[0].Text, want[0]) || got[0].Next != want[1] {
			t.Errorf("%+v", got)
		}
	}
}

// What a check of doctor examines again is over if that check passes, and unknown if it did
// not run.
func TestResolved(t *testing.T) {
	for _, e := range fault.Catalogue() {
		if _, known := check.Find(Table(), e.Check); !known && e.Check != "" {
			t.Errorf("%s is looked at by %s, which is no check", e.Name, e.Check)
		}
	}
	full := []volume{{path: "/usr", Room: host.Room{ReadOnly: true}}}
	for _, c := range []struct {
		code fault.Code
		is   bool
		with func(*machine)
	}{
		{fault.IdentityMissing, true, nil},
		{fault.PackageManagerFailed, false, nil},
		{fault.PackageManagerBusy, true, nil},
		{fault.PackageManagerBusy, false, func(m *machine) { m.holder = &host.Holder{PID: 7} }},
		{fault.StillRunning, true, nil},
		{fault.StillRunning, false, func(m *machine) { m.Transaction = &host.Running{PID: 7} }},
		{fault.Disk, true, nil},
		{fault.Disk, false, func(m *machine) { m.volumes = full }},
		{fault.RepositoryUnreachable, true, nil},
		{fault.RepositoryUnreachable, false, func(m *machine) { m.probes = nil }},
	} {
		m := wellSeen()
		m.decision.Plan = decide.Plan{Steps: []decide.Step{{Kind: decide.Install}}}
		if c.with != nil {
			c.with(&m)
		}
		if got := m.resolved(c.code); got != c.is {
			t.Errorf("%d is history: %t", c.code, got)
		}
	}
}

// TestAnotherRunIsAtWork: what it may be about to install is no failure of the machine, and
// the first line says what to wait for. While that is not known, the exit code is no success.
func TestAnotherRunIsAtWork(t *testing.T) {
	for name, busy := range map[string]func(*machine){
		"a run":         func(m *machine) { m.OtherRun = "process 7, enable of version 1.0" },
		"a transaction": func(m *machine) { m.Transaction = &host.Running{PID: 7} },
	} {
		t.Run(name, func(t *testing.T) {
			m := wellSeen()
			m.root, m.Facts.Packages = true, pkgmgr.Packages{}
			m.Target.Packages.Login = "aadsshlogin"
			busy(&m)
			m.decision = decide.For(&m.Facts, decide.Goal{})
			if !m.decision.Provisional || m.decision.Outlook() != nil {
				t.Fatalf("the plan is not provisional: %+v", m.decision)
			}
			var checks []Check
			for _, r := range rows() {
				switch r.Name {
				case "packages", "package-manager", "plan", "proxy":
					for _, result := range check.Run([]*check.Row[*machine]{r}, &m) {
						checks = append(checks, m.shown(&result))
					}
				}
			}
			checks = append([]Check{{Name: "scale-set", Answer: "warn", Text: "An old model."}}, checks...)
			got := newReport(&m, checks)
			if v := got.Verdict; v.Code != int(fault.StillRunning) || v.Check != "package-manager" || !strings.Contains(v.Text, "of this handler") || v.Next == "" {
				t.Errorf("%+v", v)
			}
			if first, _, _ := strings.Cut(got.Text(Style{}), "\n"); !strings.HasPrefix(first, "FAIL 31 still-running: A") {
				t.Errorf("the first line is %q", first)
			}
			for _, c := range got.Checks {
				if c.Answer == "fail" || strings.Contains(c.Next, "Set the extension") {
					t.Errorf("%+v", c)
				}
			}
			known := slices.DeleteFunc(checks, func(c Check) bool { return c.Answer == "unknown" })
			if v := newReport(&m, known).Verdict; v.Code != 0 || v.Check != "package-manager" {
				t.Errorf("where nothing is missing: %+v", v)
			}
		})
	}
}
