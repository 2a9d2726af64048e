package doctor

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/names"
	"aadssh/internal/text"
)

// TestDamagedExtension: what prevents enable from beginning also prevents its plan. A
// version that the agent does not count as installed gets its file again.
func TestDamagedExtension(t *testing.T) {
	const manifest = `[{"handlerManifest": {"enableCommand": "bin/theirs enable"}}]`
	ours := `[{"handlerManifest": {"enableCommand": "` + agent.Program + ` enable"}}]`
	base := agent.Dirs()[0] + "/" + names.Ours().Full() + "-1.0.0.0"
	for _, c := range []struct {
		name, state, environment, settings, sequence string
		manifest, program                            string // "": of one that names nothing; none
		blocked                                      bool   // a file is in the place of the settings' folder
		refused                                      fault.Code
		none                                         bool
		missing                                      string // the program that the agent runs and does not find
		own                                          bool
	}{
		{name: "healthy", state: "Enabled", settings: `{}`},
		{name: "no settings file", state: "Enabled"},
		{name: "an environment that is none", state: "Enabled", environment: "rubbish", settings: "rubbish", refused: fault.Usage},
		{name: "the same before it is installed", state: "NotInstalled", environment: "rubbish", none: true},
		{name: "left behind without its program", state: "NotInstalled", manifest: manifest, settings: `{}`, none: true},
		{name: "about to be installed", state: "NotInstalled", manifest: manifest, program: "bin/theirs", settings: `{}`},
		{name: "ours, about to be installed", state: "NotInstalled", manifest: manifest, program: agent.Program, settings: `{}`, own: true},
		{name: "ours, without its manifest", state: "Enabled", manifest: "-", program: agent.Program, settings: `{}`, own: true},
		{name: "installed, and its program is gone", state: "Enabled", manifest: manifest, settings: `{}`, missing: "bin/theirs"},
		{name: "installed, and our program is gone", state: "Installed", manifest: ours, settings: "rubbish", missing: agent.Program, own: true, refused: fault.SettingsInvalid},
		{name: "installed, and it is not known what it runs", state: "Enabled", manifest: "rubbish", settings: `{}`},
		{name: "ours, tried and left without its program", state: "NotInstalled", manifest: ours, settings: `{}`, none: true},
		{name: "left behind without its manifest", state: "NotInstalled", manifest: "-", settings: `{}`, none: true},
		{name: "settings that are none", state: "Installed", settings: "rubbish", refused: fault.SettingsInvalid},
		{name: "a folder of settings that is none", state: "Installed", blocked: true, refused: fault.SettingsInvalid},
		{name: "the agent's number is none", state: "Enabled", settings: `{}`, sequence: "seven", refused: fault.Usage},
		{name: "the agent's number is another's", state: "Enabled", settings: "rubbish", sequence: "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
			if err := os.MkdirAll(h.Path(base+"/config"), 0o700); err != nil {
				t.Fatal(err)
			}
			write := func(name, content string) {
				if err := os.WriteFile(h.Path(base+"/"+name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if c.manifest != "-" {
				write("HandlerManifest.json", text.Or(c.manifest, "[]"))
			}
			if c.program != "" {
				if err := os.MkdirAll(h.Path(base+"/bin"), 0o700); err != nil {
					t.Fatal(err)
				}
				write(c.program, "")
			}
			write("config/HandlerState", c.state)
			config := h.Path(base + "/config")
			if c.blocked {
				config = h.Path(base + "/HandlerManifest.json")
			}
			if c.environment == "" {
				c.environment = fmt.Sprintf(`[{"handlerEnvironment": {"logFolder": "/l", "configFolder": %q, "statusFolder": "/s"}}]`, config)
			}
			write("HandlerEnvironment.json", c.environment)
			if c.settings != "" {
				write("config/0.settings", c.settings)
			}
			_, e := findExtension(t.Context(), h, func(name string) string {
				return map[string]string{agent.SequenceVariable: c.sequence}[name]
			})
			if (e == nil) != c.none {
				t.Fatalf("found %+v", e)
			}
			if c.none {
				return
			}
			if want := c.missing; want != "" && e.missing != base+"/"+want || want == "" && e.missing != "" || e.own != c.own {
				t.Errorf("missing is %q, own %v", e.missing, e.own)
			}
			got := fault.OK
			if e.refused != nil {
				got = fault.Of(e.refused).Code
			}
			if got != c.refused || (c.environment == "rubbish") != errors.Is(e.refused, agent.ErrNoEnvironment) {
				t.Errorf("refused with %v", e.refused)
			}
		})
	}
}
