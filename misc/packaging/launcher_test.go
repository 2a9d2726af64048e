package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// launch runs the launcher on a machine whose uname prints processor, with binaries that
// print their arguments.
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

// TestProgramCanBeReplaced: during install and update nothing runs from the file that the
// agent would overwrite; the other operations need no copy.
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

// ended runs the launcher as the agent does, with a script as the handler, and returns its
// exit code and the status file.
func ended(t *testing.T, script, before string, env ...string) (int, string) {
	t.Helper()
	dir := t.TempDir()
	launcher, err := os.ReadFile("../launcher")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"bin/handler": string(launcher), "bin/handler-amd64": "#!/bin/sh\n" + script + "\n", "bin/uname": "#!/bin/sh\necho x86_64\n",
		"config/2.settings": "", "config/3.settings": "", "config/HandlerState": "", "status/2.status": "", "status/3.status": before,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "config/2.settings"), old, old); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "bin/handler"), "enable")
	cmd.Env = append(env, "PATH="+filepath.Join(dir, "bin")+":/usr/bin:/bin")
	cmd.Dir = dir
	_ = cmd.Run()
	b, err := os.ReadFile(filepath.Join(dir, "status/3.status"))
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "status/*~")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

// TestAbnormalEnd: if the handler ended without a report, the launcher writes one, under
// the number of the newest settings or the one that the agent passes. A report of the
// handler itself stays.
func TestAbnormalEnd(t *testing.T) {
	const success, own = `[{"status": {"status": "success"}}]`, "[{\n  \"status\": {\n    \"code\": 2,\n    \"status\": \"error\"}}]"
	for _, c := range []struct {
		name, script, before string
		env                  []string
		code                 int
		stays                bool
	}{
		{name: "success", script: "exit 0", before: success, stays: true},
		{name: "a verdict", script: "exit 22", before: success, code: 22, stays: true},
		{name: "killed", script: "kill -9 $$", before: success, code: 137},
		{name: "crashed", script: "kill -SEGV $$", before: success, code: 139},
		{name: "no memory for the runtime", script: "exit 2", before: success, code: 2},
		{name: "its own 2", script: "exit 2", before: own, code: 2, stays: true},
		{name: "the agent's number", script: "exit 2", before: success, env: []string{"ConfigSequenceNumber=2"}, code: 2, stays: true},
		{name: "no room", script: "chmod 555 status; ulimit -f 0; kill -9 $$", before: success + strings.Repeat(" ", 20000), code: 137},
	} {
		code, status := ended(t, c.script, c.before, c.env...)
		if code != c.code || (status == c.before) != c.stays {
			t.Errorf("%s: exit %d, %.200s", c.name, code, status)
		}
		if c.stays {
			continue
		}
		var items []struct {
			Status struct {
				Status, Operation string
				Code              int
			}
		}
		if err := json.Unmarshal([]byte(status), &items); err != nil || len(items) != 1 || items[0].Status.Status != "error" || items[0].Status.Code != c.code || items[0].Status.Operation != "enable" {
			t.Errorf("%s: %v: %s", c.name, err, status)
		}
	}
}

// TestSignalsReachTheHandler: if the agent's service is stopped, the handler can still
// write its report.
func TestSignalsReachTheHandler(t *testing.T) {
	for _, signal := range []string{"TERM", "HUP"} { // a script cannot trap the INT that a background process ignores; the handler can
		code, status := ended(t, "trap 'echo told > status/3.status; exit 31' "+signal+"; kill -"+signal+" $PPID; while :; do sleep 0.01; done", "")
		if code != 31 || status != "told\n" {
			t.Errorf("%s: exit %d, %q", signal, code, status)
		}
	}
}
