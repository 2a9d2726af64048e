package doctor

import (
	"strings"
	"testing"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/signin/gate"
	"aadssh/pkgmgr"
)

// A check that was named and needs the package has a result without it too.
func TestOnlyWithoutThePackage(t *testing.T) {
	var m machine
	m.root, m.Target.Packages.Login = true, "aadsshlogin"
	m.Facts.Packages = map[string]pkgmgr.Package{}
	for _, name := range []string{"sshd-groups", "pam-account"} {
		got := Options{Only: []string{name}}.notLookedAt(&m, nil)
		if len(got) != 1 || got[0].Name != name || got[0].Answer != "unknown" || !strings.Contains(got[0].Text, "aadsshlogin is not installed") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := (Options{Only: []string{"clock", "network"}}).notLookedAt(&m, nil); got != nil {
		t.Errorf("clock and network: %+v", got)
	}
	if got := (Options{Only: []string{"sshd-config"}}).notLookedAt(&m, []Check{{Name: "sshd-config"}}); got != nil {
		t.Errorf("answered twice: %+v", got)
	}
}

// Only exact names of checks are accepted; similar names are suggested, and for a group or
// a section its checks.
func TestOnlyTakesExactNames(t *testing.T) {
	for name, near := range map[string]string{"sshd-comand": "sshd-command", "sudoku": "sudo", "version": "", "frobnicate": "", "sshd-": "sshd-config", "": "", " clock": "clock",
		"sshd": "sshd-hosts,sshd-config,sshd-command,sshd-command-user", "machine": "settings,folders,", "history": "sign-in-errors", "sign-in": "nologin,ssh-service"} {
		for _, o := range []Options{{Only: []string{"clock", name}}, {Skip: []string{name}}} {
			f := fault.Of(o.known())
			if f == nil || f.Code != fault.Usage {
				t.Errorf("%q: %v", name, f)
			} else if (near != "") != strings.Contains(f.Next, "Did you mean") || !strings.Contains(f.Next, near) {
				t.Errorf("%q: want %q in the next step: %s", name, near, f.Next)
			}
		}
	}
	who := &gate.Somebody{Name: "ada@contoso.com"}
	for _, name := range Names() {
		if err := (Options{Only: []string{name}, Who: who}).known(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f := fault.Of((Options{Only: []string{name}}).known())
		if ofOne := strings.HasPrefix(name, "person-"); ofOne != (f != nil) || ofOne && !strings.Contains(f.Next, "doctor --user NAME@DOMAIN --only "+name) {
			t.Errorf("%s, and nobody is named: %v", name, f)
		}
		if f := fault.Of((Options{Only: []string{"clock", name}, Skip: []string{name}, Who: who}).known()); f == nil || f.Code != fault.Usage || f.Next == "" {
			t.Errorf("%s is asked for and left out: %v", name, f)
		}
	}
}

// The command that is advised keeps the settings that the machine has.
func TestSetExtensionKeepsSettings(t *testing.T) {
	set := agent.Defaults()
	set.Monitor = 60
	empty := agent.Defaults()
	empty.Sent = true
	for name, c := range map[string]struct {
		m    machine
		says string
	}{
		"no extension":    {machine{root: true}, " --settings '{}' --force-update"},
		"not to be seen":  {machine{}, " --settings settings.json --force-update"},
		"empty settings":  {machine{root: true, extension: &extension{settings: empty}}, " --settings '{}' --force-update"},
		"some settings":   {machine{root: true, extension: &extension{settings: set}}, " --settings settings.json --force-update"},
		"unknown setting": {machine{root: true, extension: &extension{settings: empty, unknown: []string{"x"}}}, " --settings settings.json --force-update"},
	} {
		if got := c.m.setExtension(); !strings.Contains(got, c.says) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
