package doctor

import (
	"strings"
	"testing"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/proxy"
	"aadssh/internal/repo"
	"aadssh/status"
)

// microsofts is a machine that has Microsoft's extension, with settings that this
// program does not know.
func microsofts() *machine {
	m := wellSeen()
	m.extension = &extension{name: names.Microsoft(), env: agent.Environment{Version: "1.0.3162.1"}, state: "Enabled", settings: agent.Defaults(), unknown: []string{"foo"}, refused: fault.New(fault.SettingsInvalid, "No.", "")}
	m.extension.settings.PackageVersion = "7"
	return &m
}

// Nothing is reported about the settings, the proxy and the steps of another program's
// handler, and nothing is promised for it.
func TestForeignHandler(t *testing.T) {
	m := microsofts()
	if q := m.question(); q.Settings.PackageVersion != "" || q.Unknown != nil || q.Refused != nil {
		t.Errorf("its settings are taken for ours: %+v", q)
	}
	m.Facts.Proxy = proxy.Found{Proxy: proxy.Proxy{URL: "http://p:1"}, Origin: "the setting proxy"}
	if r := proxyUsed(m); r != nil {
		t.Errorf("its proxy: %+v", r)
	}
	m.decision.Plan = decide.Plan{Steps: []decide.Step{{Kind: decide.WriteFile, Text: "define the repository"}, {Kind: decide.Reinstall, Title: "reinstall aadsshlogin", Text: "reinstall aadsshlogin: sshd does not ask: the block is missing from /etc/ssh/sshd_config"}, {Kind: decide.Reload, Text: "have sshd read its configuration"}}}
	r := planCheck(m)[0]
	if want := `setup of this program would change this machine in 3 steps (at the end "reinstall aadsshlogin", "have sshd read its configuration"). What the handler of ` + names.Microsoft().Full() + " would do is not known."; r.Answer != check.Warn || r.Text != want {
		t.Errorf("%+v", r)
	}
	if want := "See all: sudo " + host.Program() + " plan. To have it done: sudo " + host.Program() + " setup"; r.Next != want {
		t.Errorf("%s", r.Next)
	}
	m.decision.PlanErr = fault.New(fault.RepositoryUntrusted, "An entry verifies nothing.", "Remove it.")
	if r := planCheck(m)[0]; r.Answer != check.Warn || r.Code != fault.OK {
		t.Errorf("a plan of ours that fails is no fault of theirs: %+v", r)
	}
	m.extension.report = &status.Report{Operation: "Enable", Code: 77, Message: "It is."}
	m.decision, m.Packages = decide.Decision{Plan: m.decision.Plan}, nil
	if r := lastRunCheck(m)[0]; r.Answer != check.Warn || r.Code != fault.OK {
		t.Errorf("its code is taken for ours: %+v", r)
	}
	if got := newReport(m, nil).headline(); !strings.HasSuffix(got, "; Microsoft's extension 1.0.3162.1") {
		t.Error(got)
	}
	if got := newReport(m, []Check{{Name: "packages", Answer: "fail", Code: 26}}).Verdict.Next; !strings.HasPrefix(got, "Set the extension again: az ") || !strings.HasSuffix(got, "; or have this program do it: sudo "+host.Program()+" setup") {
		t.Error(got)
	}
	m.extension.own = true
	if got := newReport(m, nil); strings.Contains(got.headline(), "Microsoft") || got.Machine.Handler != names.Microsoft().Full()+" 1.0.3162.1" {
		t.Errorf("%s %+v", got.headline(), got.Machine)
	}
	if q := m.question(); q.Settings.PackageVersion != "7" || len(q.Unknown) != 1 {
		t.Errorf("our own settings: %+v", q)
	}
}

// If no source has the package, the command is that of whoever fetches the package on this
// machine.
func TestReinstallWithoutASource(t *testing.T) {
	const next = "Reinstall the package aadsshlogin with the machine's package manager. VMAccess removes the block."
	m := microsofts()
	m.Target.Manager = "apt"
	if got, want := m.words(m.commands(&check.Result{Next: next})), "Run: sudo "+host.Program()+" setup (no source of this machine has the package). VMAccess removes the block."; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	m.extension.own, m.extension.settings, m.extension.refused, m.extension.unknown = true, agent.Defaults(), nil, nil
	if got := m.words(m.commands(&check.Result{Next: next})); !strings.HasPrefix(got, "Set the extension again: az vm extension set ") || !strings.Contains(got, "(no source of this machine has the package). VMAccess") {
		t.Error(got)
	}
	m.extension = &extension{env: agent.Standalone("1")}
	if got := m.words(m.commands(&check.Result{Next: next})); !strings.HasPrefix(got, "Run: sudo "+host.Program()+" setup (no source") {
		t.Error(got)
	}
	m.Sources = []repo.Entry{{File: repo.DefinitionPath("apt"), Enabled: true}}
	if got := m.words(m.commands(&check.Result{Next: next})); !strings.HasPrefix(got, "Run: sudo apt-get update && sudo apt-get install --reinstall aadsshlogin. VMAccess") {
		t.Error(got)
	}
}

// The state of the machine is shown before the last report, which may be old.
func TestStatusBeginsWithHealth(t *testing.T) {
	at := time.Unix(1e9, 0).UTC()
	s := Status{Handler: names.Microsoft().Full(), Extension: "1.0", State: "Enabled", foreign: "; another program's handler", Operation: "enable", Name: "ok", Message: "People can sign in.", Said: &at, Since: &at,
		Health: &Verdict{Code: 21, Name: "verification-failed", Check: "sshd-groups", Text: "AllowGroups keeps people out.", Next: "Run: sudo sed"}}
	text := s.Text(at, Style{})
	if !strings.HasPrefix(text, "Health: FAIL 21 verification-failed: AllowGroups keeps people out.\nRun: sudo sed\n") || !strings.Contains(text, "another program's handler\nThe last report, of 2001-09-09 01:46:40 UTC (not checked again since):\nEnable: 0 ok, since") {
		t.Error(text)
	}
	s.Health = &Verdict{Name: "ok", Text: "Nothing is wrong on this machine."}
	if text := s.Text(at, Style{}); !strings.HasPrefix(text, "Health: OK: Nothing is wrong on this machine.\nThe network and failed sign-ins were not checked. Check them: sudo /") {
		t.Error(text)
	}
}
