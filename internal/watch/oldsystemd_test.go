package watch

import (
	"strings"
	"testing"

	"aadssh/internal/agent"
)

// oldest is the systemd of EL7, the oldest that a supported release has.
const oldest = 219

// since is the version of systemd that introduced an option, by the manual pages
// systemd.unit(5), .service(5), .exec(5), .kill(5), .timer(5) and .path(5) of systemd 257
// ("Added in version"); 0: it is older than that list. A value that is newer than its
// option stands behind "=".
func since() map[string]int {
	return map[string]int{
		"Unit.Description": 0,
		"Install.WantedBy": 0,

		"Service.Type": 0, "Service.ExecStart": 0, "Service.KillMode": 0, "Service.SyslogIdentifier": 0, "Service.Nice": 0,
		"Service.StartLimitInterval": 0, "Service.TimeoutStartSec": 188, "Service.CapabilityBoundingSet": 0,
		"Service.PrivateTmp": 0, "Service.PrivateDevices": 209, "Service.ProtectHome": 214, "Service.ProtectSystem": 214,
		"Service.RestrictAddressFamilies": 211, "Service.SystemCallArchitectures": 209, "Service.SystemCallFilter": 187,
		"Service.SystemCallErrorNumber": 209,

		"Service.ProtectSystem=strict": 232, "Service.SystemCallFilter=@": 231, "Service.ReadWritePaths": 231,
		"Service.ProtectControlGroups": 232, "Service.ProtectKernelModules": 232, "Service.ProtectKernelTunables": 232,
		"Service.RestrictNamespaces": 233, "Service.RestrictRealtime": 231, "Service.RestrictSUIDSGID": 242,
		"Service.LockPersonality": 235, "Service.ProtectClock": 245, "Service.ProtectHostname": 242,
		"Service.ProtectKernelLogs": 244, "Service.KeyringMode": 235,

		"Timer.OnActiveSec": 0, "Timer.OnUnitInactiveSec": 0, "Timer.AccuracySec": 209, "Timer.RandomizedDelaySec": 229,
		"Path.PathChanged": 0,
	}
}

// without says what happens if an older systemd ignores an option that it does not know
// (systemd.syntax(7)), or a value that it cannot read: the watch works, with a weaker
// sandbox.
func without() map[string]string {
	const sandbox = "the look has less of a sandbox"
	return map[string]string{
		"Service.ProtectSystem=strict": sandbox, "Service.SystemCallFilter=@": sandbox, "Service.ProtectControlGroups": sandbox,
		"Service.ProtectKernelModules": sandbox, "Service.ProtectKernelTunables": sandbox, "Service.RestrictNamespaces": sandbox,
		"Service.RestrictRealtime": sandbox, "Service.RestrictSUIDSGID": sandbox, "Service.LockPersonality": sandbox,
		"Service.ProtectClock": sandbox, "Service.ProtectHostname": sandbox, "Service.ProtectKernelLogs": sandbox, "Service.KeyringMode": sandbox,
		"Service.ReadWritePaths":   "nothing is read-only, for ProtectSystem=strict is not understood either",
		"Timer.RandomizedDelaySec": "the looks of several machines that were started together come together; none asks anything beyond its host",
	}
}

// TestOldestSystemd: each option of the units is known to EL7's systemd, or is known to be
// ignored there, with the reason why nothing depends on it.
func TestOldestSystemd(t *testing.T) {
	files, err := unitFiles("/usr/local/bin/x", agent.Environment{StatusFolder: "/s", EventsFolder: "/e", LogFolder: "/l"}, 15)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range files {
		if !strings.Contains(f.path, "aadsshlogin-handler") {
			continue
		}
		section := ""
		for line := range strings.Lines(string(f.content)) {
			line = strings.TrimSpace(line)
			if name, is := strings.CutPrefix(line, "["); is {
				section = strings.TrimSuffix(name, "]")
				continue
			}
			key, value, option := strings.Cut(line, "=")
			if !option || strings.HasPrefix(line, "#") {
				continue
			}
			for _, name := range meant(section+"."+key, value) {
				used[name] = true
				version, known := since()[name]
				switch why := without()[name]; {
				case !known:
					t.Errorf("%s: when did %s come? Look it up and write it down", f.path, name)
				case version > oldest && why == "":
					t.Errorf("%s: %s came with systemd %d: what is so on EL7, which has %d?", f.path, name, version, oldest)
				}
			}
		}
	}
	if len(used) < 20 {
		t.Fatalf("the units were not read: %v", used)
	}
	for name := range without() {
		if !used[name] || since()[name] <= oldest {
			t.Errorf("%s needs no excuse", name)
		}
	}
}

// meant is an option, and its value where that is younger than the option.
func meant(name, value string) []string {
	switch {
	case value == "strict":
		return []string{name, name + "=strict"}
	case strings.Contains(value, "@"):
		return []string{name, name + "=@"}
	}
	return []string{name}
}
