package handler

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/state"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// An uninstall stands down for a version that the agent is about to install,
// and for nothing else.
func TestUninstallStandsDownOnlyForTheNextVersion(t *testing.T) {
	const own, next = "1.0.0.0", "1.0.1.0"
	for _, c := range []struct {
		name         string
		to           string
		age          time.Duration
		reboot       bool
		handlerState string // of the version that is named; "": it is not there
		want         bool
	}{
		{"an upgrade", next, time.Second, false, "NotInstalled", true},
		{"a downgrade", "0.9.0.0", time.Second, false, "NotInstalled", true},
		{"no handover", "", 0, false, "NotInstalled", false},
		{"to itself", own, time.Second, false, "NotInstalled", false},
		{"of an earlier boot", next, time.Second, true, "NotInstalled", false},
		{"too old", next, 20 * time.Minute, false, "NotInstalled", false},
		{"from the future", next, -time.Minute, false, "NotInstalled", false},
		{"a failed update, then deleted", next, time.Second, false, "FailedUpgrade", false},
		{"the version is installed already", next, time.Second, false, "Enabled", false},
		{"the version is gone", next, time.Second, false, "", false},
	} {
		h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
		boot := h.Path("/proc/sys/kernel/random/boot_id")
		write(t, boot, "boot-1\n")
		if err := os.MkdirAll(h.Path("/var/lib"), 0o755); err != nil {
			t.Fatal(err)
		}
		if c.to != "" {
			if err := state.WriteHandover(h, c.to, host.BootClock()-c.age); err != nil {
				t.Fatal(err)
			}
		}
		if c.reboot {
			write(t, boot, "boot-2\n")
		}
		if c.handlerState != "" {
			write(t, h.Path("/var/lib/waagent/Handler-"+c.to+"/config/HandlerState"), c.handlerState)
		}
		r := &run{host: h, log: h.Log}
		r.Environment = agent.Environment{Version: own, BaseDir: "/var/lib/waagent/Handler-" + own}
		if _, got, err := r.handedOver(); got != c.want || err != nil {
			t.Errorf("%s: stands down: %v", c.name, got)
		}
	}
}
