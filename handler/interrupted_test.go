package handler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

func TestInterrupted(t *testing.T) {
	for line, want := range map[string]string{
		"/var/lib/waagent/X-1.0/bin/aadsshlogin-handler-amd64\x00disable\x00": "interrupted by disable (process 77), with which the agent begins an upgrade or an uninstall",
		"/run/aadsshlogin-handler-running\x00install\x00--timeout\x0090s\x00": "interrupted by install (process 77), a step of an upgrade",
		"/usr/local/sbin/aadsshlogin-handler\x00remove\x00":                   "interrupted by remove (process 77), which takes away",
		"/usr/local/sbin/aadsshlogin-handler\x00doctor\x00":                   "stopped from outside",
		"vi\x00uninstall\x00": "stopped from outside",
		"":                    "stopped from outside",
	} {
		h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
		for name, text := range map[string]string{"cmdline": line, "status": "Name:\tx\nUid:\t0\t0\t0\t0\n"} {
			path := h.Path("/proc/77/" + name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := Interrupted(h, "repair"); !strings.Contains(got, want) {
			t.Errorf("%q: %s", line, got)
		}
	}
}
