package watch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/logging"
)

func testHost(t *testing.T) *host.Host {
	t.Helper()
	return &host.Host{Root: t.TempDir(), Log: logging.Discard()}
}

func put(t *testing.T, h *host.Host, path, content string) {
	t.Helper()
	full := h.Path(path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestStanding(t *testing.T) {
	const name = "/var/lib/waagent/Publisher.Name-"
	record := Record{BaseDir: name + "1.0", Stateful: true}
	for _, c := range []struct {
		what  string
		files map[string]string
		r     Record
		want  standing
	}{
		{"enabled", map[string]string{name + "1.0/config/HandlerState": "Enabled"}, record, kept},
		{"enable has not ended", map[string]string{name + "1.0/config/HandlerState": "Installed\n"}, record, kept},
		{"gone", map[string]string{"/var/lib/waagent/x": ""}, record, dropped},
		{"uninstalled", map[string]string{name + "1.0/config/HandlerState": "NotInstalled"}, record, dropped},
		{"a newer one", map[string]string{name + "1.1/config/HandlerState": "Enabled"}, record, replaced},
		{"a newer one that failed", map[string]string{name + "1.1/config/HandlerState": "NotInstalled"}, record, dropped},
		{"another extension", map[string]string{"/var/lib/waagent/Publisher.Other-1.1/config/HandlerState": "Enabled"}, record, dropped},
		{"no disk", nil, record, unclear},
		{"an agent without states", map[string]string{name + "1.0/bin/x": ""}, Record{BaseDir: name + "1.0"}, kept},
		{"dropped by such an agent", map[string]string{"/var/lib/waagent/x": ""}, Record{BaseDir: name + "1.0"}, dropped},
	} {
		t.Run(c.what, func(t *testing.T) {
			h := testHost(t)
			for path, content := range c.files {
				put(t, h, path, content)
			}
			if got := standingOf(h, c.r); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	// The clock of the bubble (testing/synctest) stands still while anything runs: the
	// speed of the machine does not matter.
	synctest.Test(t, func(t *testing.T) {
		h := testHost(t)
		put(t, h, "/etc/ssh/sshd_config", "a")
		if !settle(t.Context(), h, nil, time.Millisecond, time.Minute) {
			t.Error("a quiet machine does not settle")
		}
		stop := make(chan struct{})
		go func() {
			for i := 0; ; i++ {
				_ = os.Chmod(h.Path("/etc/ssh/sshd_config"), os.FileMode(0o600+i%8))
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}()
		if settle(t.Context(), h, nil, 25*time.Millisecond, 200*time.Millisecond) {
			t.Error("settled in the middle of changes")
		}
		close(stop)
	})
}

func TestFingerprintSeesWhatMatters(t *testing.T) {
	h := testHost(t)
	put(t, h, "/etc/pam.d/sshd", "a")
	before := fingerprint(h)
	for what, do := range map[string]func(){
		"a new file in a folder": func() { put(t, h, "/etc/pam.d/x", "") },
		"a file that appears":    func() { put(t, h, "/etc/nsswitch.conf", "") },
		"content":                func() { put(t, h, "/etc/pam.d/sshd", "b") },
	} {
		do()
		if now := fingerprint(h); now == before {
			t.Errorf("%s is not seen", what)
		} else {
			before = now
		}
	}
	put(t, h, "/etc/hosts", "")
	if fingerprint(h) != before {
		t.Error("a file that does not matter is seen")
	}
}

func TestUnits(t *testing.T) {
	env := agent.Environment{StatusFolder: "/agent/status", EventsFolder: "/log/events", LogFolder: "/log"}
	files, err := unitFiles(Program, env, 30)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		all[filepath.Base(f.path)] = string(f.content)
	}
	for unit, parts := range map[string][]string{
		lookUnit:   {"ExecStart=/usr/local/bin/aadsshlogin-handler watch\n", "ProtectSystem=strict", "ReadWritePaths=-/run -/var/lib/aadsshlogin-handler -/agent/status -/log/events -/log\n"},
		repairUnit: {"ExecStart=/usr/local/bin/aadsshlogin-handler watch --repair\n", "KillMode=process"},
		timerUnit:  {"OnUnitInactiveSec=30min\n", "RandomizedDelaySec=360s\n"},
		pathUnit:   {"PathChanged=/etc/ssh/sshd_config\n", "PathChanged=/etc/pam.d\n", "PathChanged=/etc/nsswitch.conf\n", "PathChanged=/usr/sbin/aad_certhandler\n"},
	} {
		for _, p := range parts {
			if !strings.Contains(all[unit], p) {
				t.Errorf("%s lacks %q:\n%s", unit, p, all[unit])
			}
		}
	}
	if strings.Contains(all[repairUnit], "Protect") {
		t.Error("a package manager would inherit the sandbox of the repair")
	}
}

func TestMemory(t *testing.T) {
	h := testHost(t)
	if m := readMemory(h); m.Suspect != "" || m.Repairs != nil {
		t.Errorf("no memory: %+v", m)
	}
	if err := (Memory{}).write(h); err != nil || h.Exists(memoryFile) {
		t.Errorf("nothing to remember was written (%v)", err)
	}
	want := Memory{Suspect: "22 identity", Repairs: map[string]Repair{"packages": {Time: time.Unix(1e9, 0).UTC()}}}
	if err := want.write(h); err != nil {
		t.Fatal(err)
	}
	if got := readMemory(h); got.Suspect != want.Suspect || !got.Repairs["packages"].Time.Equal(want.Repairs["packages"].Time) {
		t.Errorf("%+v", got)
	}
	put(t, h, memoryFile, "{")
	if m := readMemory(h); m.Suspect != "" {
		t.Errorf("a damaged memory: %+v", m)
	}
	if err := (Memory{}).write(h); err != nil || h.Exists(memoryFile) {
		t.Errorf("an empty memory is kept (%v)", err)
	}
}
