package agent

import (
	"encoding/json"
	"os"
	"path"
	"strings"
	"testing"
)

// TestManifest reads HandlerManifest.json as WALinuxAgent's exthandlers.py does
// (class HandlerManifest): the first element of an array, five commands
// relative to the base folder, handed to a shell, and real booleans.
func TestManifest(t *testing.T) {
	content, err := os.ReadFile("../../HandlerManifest.json")
	must(t, err)
	var file []struct {
		HandlerManifest map[string]any `json:"handlerManifest"`
	}
	if err := json.Unmarshal(content, &file); err != nil || len(file) != 1 {
		t.Fatalf("%d elements, %v", len(file), err)
	}
	got := file[0].HandlerManifest
	want := map[string]any{
		"updateMode":              "UpdateWithInstall",
		"continueOnUpdateFailure": true,
		"reportHeartbeat":         false,
		"rebootAfterInstall":      false,
	}
	for _, operation := range []string{"install", "enable", "disable", "update", "uninstall"} {
		want[operation+"Command"] = "bin/aadsshlogin-handler " + operation
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %#v, want %#v", name, got[name], value)
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("the agent does not know %s", name)
		}
		if command, ok := value.(string); ok && strings.HasSuffix(name, "Command") {
			program, argument, _ := strings.Cut(command, " ")
			if path.Clean(program) != program || path.IsAbs(program) || strings.HasPrefix(program, "..") || strings.ContainsAny(command, "\"'\\$&|;<>()`*?~#\n") || argument == "" {
				t.Errorf("%s is %q", name, command)
			}
		}
	}
	if strings.HasPrefix(string(content), "\ufeff") {
		t.Error("it begins with a byte order mark")
	}
}
