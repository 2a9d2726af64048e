package doctor

import (
	"strings"
	"testing"

	"aadssh/internal/agent"
	"aadssh/internal/az"
	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
)

// TestStepForExtensionOrSetup: "set the extension again" is only used if there is an
// extension, or if that is not known; otherwise the command is that of setup.
func TestStepForExtensionOrSetup(t *testing.T) {
	setup := "sudo " + host.Program() + " setup"
	set := az.Machine{}.SetExtension(names.Microsoft(), az.NoSettings).String()
	given := agent.Defaults()
	given.Sent = true
	theirs := &extension{name: names.Microsoft(), settings: given, env: agent.Environment{BaseDir: "/var/lib/waagent/X-1"}}
	for _, c := range []struct {
		name                   string
		m                      machine
		says, command, setItUp string
	}{
		{"nothing", machine{root: true}, "Wait; then run setup (" + setup + ").", setup, "Run: " + setup},
		{"setup", machine{root: true, extension: &extension{env: agent.Standalone("1")}}, "Wait; then run setup again (" + setup + ").", setup, "Run: " + setup},
		{"extension", machine{root: true, extension: theirs}, "Wait; then set the extension again.", set, "Set the extension again: " + set},
	} {
		if got := c.m.words("Wait; then set the extension again."); got != c.says {
			t.Errorf("%s: %s", c.name, got)
		}
		if got := c.m.command(); got != c.command {
			t.Errorf("%s: the command is %s, want %s", c.name, got, c.command)
		}
		if got := c.m.setItUp(); got != c.setItUp {
			t.Errorf("%s: %s, want %s", c.name, got, c.setItUp)
		}
	}
	gone := &machine{root: true, extension: &extension{name: names.Microsoft(), state: "Enabled", missing: "/var/lib/waagent/X-1/bin/x", env: agent.Environment{BaseDir: "/var/lib/waagent/X-1"}}}
	const fetch = "sudo rm /var/lib/waagent/X-1/config/HandlerState && " + fault.RestartAgent
	for of, want := range map[string]string{
		"Wait; then set the extension again" + fault.OrRestartAgent + ".": "Wait; then have the agent fetch the extension again: " + fetch + ".",
		"Correct it, and set the extension again: az vm":                  "Correct it, and set the extension again: az vm",
	} {
		if got := gone.words(of); got != want {
			t.Errorf("without the program that the agent runs: %s", got)
		}
	}
	if got := gone.setItUp(); got != "Have the agent fetch the extension again: "+fetch {
		t.Errorf("without the program that the agent runs: %s", got)
	}
	if r := handlersCheck(gone)[0]; r.Answer != check.Warn || !strings.Contains(r.Text, "its program is gone: /var/lib/waagent/X-1/bin/x.") || r.Next != "Have the agent fetch the extension again: "+fetch {
		t.Errorf("without the program that the agent runs: %+v", r)
	}
	fresh := &machine{root: true, agentUnits: []string{"waagent.service"}}
	if got := fresh.setItUp(); got != "Set it up: "+set+" (whoever manages the machine in Azure); or: "+setup+" (root, on the machine)" {
		t.Errorf("with an agent, and nothing set up: %s", got)
	}
	if got := fresh.words("Wait; then set the extension again" + fault.OrRestartAgent + "."); got != "Wait; then set the extension or run setup." {
		t.Errorf("with an agent, and nothing set up: %s", got)
	}
	if got := (&machine{}).setItUp(); !strings.HasPrefix(got, "Set the extension again") {
		t.Errorf("without root: %s", got)
	}
}
