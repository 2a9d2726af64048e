package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aadssh/internal/fault"
)

// A file that is no report is named, and does not prevent the others from being counted.
func TestMergeWithForeignFiles(t *testing.T) {
	const report = `{"schema": "1", "machine": {"name": "web1"}, "verdict": {"code": 22, "name": "identity-missing", "check": "identity"}, "checks": []}`
	dir := t.TempDir()
	for name, content := range map[string]string{"good": report, "cut": report[:40], "list": "[]", "other": `{"schema": "9"}`, "text": "no report", "empty": "", "code": strings.Replace(report, "22", "256", 1), "negative": strings.Replace(report, "22", "-1", 1), "kind": `{"schema": 1}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	merge := func(names ...string) (fault.Code, string, string) {
		args := []string{"doctor", "--merge"}
		for _, n := range names {
			args = append(args, filepath.Join(dir, n))
		}
		var out, errs bytes.Buffer
		code := Execute(t.Context(), Process{Args: args, Getenv: func(string) string { return "" }, Out: &out, Err: &errs})
		return code, out.String(), errs.String()
	}
	for name, says := range map[string]string{"cut": "it ends in the middle", "list": "JSON of another form", "other": `the schema "9"`, "text": "no report of doctor", "empty": "has no report in it", "code": "256 is no exit code", "negative": "-1 is no exit code", "kind": "JSON of another form", "missing": "no such file"} {
		if code, out, errs := merge(name); code != fault.Usage || out != "" || !strings.Contains(errs, says) || strings.Contains(errs, "Go ") {
			t.Errorf("%s alone: %d, %s%s", name, code, out, errs)
		}
		if code, out, errs := merge("good", name); code != fault.IdentityMissing || !strings.Contains(out, "web1") || !strings.Contains(errs, "Not counted: ") || !strings.Contains(errs, says) {
			t.Errorf("%s and a report: %d, %s%s", name, code, out, errs)
		}
	}
}

// A pipe that nobody writes to does not outlast Ctrl-C.
func TestMergeIsStopped(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan fault.Code, 1)
	go func() {
		var out bytes.Buffer
		ended <- Execute(ctx, Process{Args: []string{"doctor", "--merge", pipe}, Getenv: func(string) string { return "" }, Out: &out, Err: &out})
	}()
	cancel()
	select {
	case code := <-ended:
		if code != fault.Usage {
			t.Error(code)
		}
	case <-time.After(time.Minute):
		t.Error("it still reads")
	}
}
