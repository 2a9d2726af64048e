package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// launch runs the launcher on a machine whose uname says processor, with
// binaries that print what they were started as.
func launch(t *testing.T, processor, operation string, env ...string) (out string, code int) {
	t.Helper()
	dir := t.TempDir()
	launcher, err := os.ReadFile("../launcher")
	if err != nil {
		t.Fatal(err)
	}
	const report = "#!/bin/sh\necho \"$0|$*|$$|$(env | grep -cE 'AZURE_GO_SDK|MSI_')\"\nexit 7\n"
	for name, content := range map[string]string{
		"handler": string(launcher), "handler-amd64": report, "handler-arm64": report,
		"uname": fmt.Sprintf("#!/bin/sh\n[ \"$*\" = -m ] && echo %s\n", processor),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(dir, "handler"), operation, "--timeout", "5s")
	cmd.Env = append(env, "PATH="+dir+":/usr/bin:/bin")
	b, _ := cmd.Output()
	return strings.ReplaceAll(strings.ReplaceAll(string(b), dir, "DIR"), fmt.Sprintf("|%d|", cmd.Process.Pid), "|PID|"), cmd.ProcessState.ExitCode()
}

func TestLauncher(t *testing.T) {
	poison := []string{"AZURE_GO_SDK_LOG_LEVEL=DEBUG", "AZURE_GO_SDK_LOG_FILE=/nowhere", "MSI_ENDPOINT=http://x", "MSI_SECRET=s"}
	for processor, arch := range map[string]string{"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"} {
		out, code := launch(t, processor, "enable", poison...)
		// The pid is the launcher's own: the agent's signals reach the handler.
		if want := "DIR/handler-" + arch + "|enable --timeout 5s|PID|0\n"; out != want || code != 7 {
			t.Errorf("%s: %q, exit %d, want %q, exit 7", processor, out, code, want)
		}
	}
	if out, code := launch(t, "riscv64", "enable"); code != 51 || !strings.Contains(out, "riscv64") || strings.Contains(out, "DIR") {
		t.Errorf("riscv64: %q, exit %d", out, code)
	}
}

// TestProgramCanBeReplaced: while install and update run, nothing runs from the
// file that the agent would unpack over; the others need no copy.
func TestProgramCanBeReplaced(t *testing.T) {
	for operation, program := range map[string]string{
		"install": "running", "update": "running", "enable": "amd64", "disable": "amd64", "uninstall": "amd64",
	} {
		out, code := launch(t, "x86_64", operation)
		if want := "DIR/handler-" + program + "|" + operation + " --timeout 5s|PID|0\n"; out != want || code != 7 {
			t.Errorf("%s: %q, exit %d, want %q, exit 7", operation, out, code, want)
		}
	}
}
