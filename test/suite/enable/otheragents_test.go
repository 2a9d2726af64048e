//go:build rig

package enable

import (
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestOtherAgents: the machine is set up with HandlerEnvironment.json as other agents write
// it, with its version as text, with a byte order mark, or both, and with metadata without
// the cloud's name, or with nothing else.
func TestOtherAgents(t *testing.T) {
	asText := strings.Replace(agentrun.Environment(scene.HandlerVersion), `"version": 1.0`, `"version": "1.0"`, 1)
	if !strings.Contains(asText, `"1.0"`) {
		t.Fatalf("the agent's file has no version to replace: %s", asText)
	}
	unnamed := metadata.VM()
	unnamed.Environment = ""
	for name, c := range map[string]struct {
		environment string
		compute     metadata.Answer
	}{
		"version is text":           {asText, metadata.JSON(metadata.VM())},
		"byte order mark":           {"\ufeff" + agentrun.Environment(scene.HandlerVersion), metadata.JSON(metadata.VM())},
		"both, and no cloud":        {"\ufeff" + asText, metadata.JSON(unnamed)},
		"no cloud":                  {agentrun.Environment(scene.HandlerVersion), metadata.JSON(unnamed)},
		"neither cloud nor region":  {agentrun.Environment(scene.HandlerVersion), metadata.JSON(map[string]string{"name": "web1", "subscriptionId": metadata.Subscription, "resourceGroupName": "rg"})},
		"a cloud that is not there": {agentrun.Environment(scene.HandlerVersion), metadata.Text(200, "application/json", `{"location": "westeurope", "name": "web1"}`)},
	} {
		for _, p := range machines() {
			t.Run(name+"/"+p.Name, func(t *testing.T) {
				s := newMachine(t, scene.Options{Persona: p}, func(s *machine) {
					s.Metadata.Always(metadata.ComputePath, c.compute)
					s.Deliver()
					s.WriteMode(stage.Home+"/HandlerEnvironment.json", c.environment, 0o744)
				})
				v := s.Want(fault.OK)
				s.Has("aadsshlogin", scene.Version)
				if got := s.Sh("cat " + stage.Home + "/HandlerEnvironment.json"); got != c.environment {
					t.Errorf("it was another file: %q", got)
				}
				if strings.Contains(v.Captured, `cloud ""`) || strings.Contains(s.HandlerLog(), `cloud ""`) {
					t.Errorf("without the name of a cloud enable says:\n%s", v.Captured)
				}
			})
		}
	}
}
