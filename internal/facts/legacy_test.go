package facts

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"aadsshlogin-handler/internal/names"
	"aadsshlogin-handler/internal/signin/login"
)

const waagent = "/var/lib/waagent"

func TestLegacyExtensionIsRegistered(t *testing.T) {
	dir := func(version string) string { return waagent + "/" + names.Older().Full() + "-" + version }
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"none", nil, ""},
		{"enabled", map[string]string{dir("1.0.1588.3") + "/config/HandlerState": "Enabled"}, dir("1.0.1588.3")},
		{"installed, with a newline", map[string]string{dir("1.0.1588.3") + "/config/HandlerState": "Installed\n"}, dir("1.0.1588.3")},
		{"not installed", map[string]string{dir("1.0.1588.3") + "/config/HandlerState": "NotInstalled"}, ""},
		{"failed upgrade", map[string]string{dir("1.0.1588.3") + "/config/HandlerState": "FailedUpgrade"}, ""},
		{"no state", map[string]string{dir("1.0.1588.3") + "/HandlerManifest.json": "[]"}, ""},
		{"an old version beside the present one", map[string]string{
			dir("1.0.1000.1") + "/config/HandlerState": "NotInstalled", dir("1.0.1588.3") + "/config/HandlerState": "Enabled",
		}, dir("1.0.1588.3")},
		{"our own", map[string]string{waagent + "/Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-1.0.1.0/config/HandlerState": "Enabled"}, ""},
	} {
		if got := lookLegacyExtension(root(t, c.files), waagent); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// process is what proc(5) says of one.
func process(pid int, name string, real, effective int) map[string]string {
	return map[string]string{fmt.Sprintf("/proc/%d/status", pid): fmt.Sprintf(
		"Name:\t%s\nUmask:\t0022\nState:\tS (sleeping)\nPid:\t%d\nUid:\t%d\t%d\t%d\t%d\n", name, pid, real, effective, effective, effective)}
}

func TestSessions(t *testing.T) {
	people := map[string]string{login.AccountsFile: "anna@example.com:x:51001:51001::/home/anna:/bin/bash\n# comment\n\nbroken\nben@example.com:x:51002:51002::/home/ben:/bin/bash\n"}
	machine := func(more ...map[string]string) map[string]string {
		files := maps.Clone(people)
		for _, m := range more {
			maps.Copy(files, m)
		}
		return files
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []Session
	}{
		{"no accounts at all", process(100, "bash", 51001, 51001), nil},
		{"nobody", machine(process(1, "systemd", 0, 0), process(20, "bash", 1000, 1000)), nil},
		{"the first process of each", machine(process(300, "vim", 51001, 51001), process(200, "sshd", 51001, 51001), process(250, "bash", 51002, 51002)),
			[]Session{{"anna@example.com", 200, "sshd", false}, {"ben@example.com", 250, "bash", false}}},
		{"sudo keeps the real user", machine(process(400, "sudo", 51002, 0)), []Session{{"ben@example.com", 400, "sudo", false}}},
		{"a process that has ended", machine(map[string]string{"/proc/500/cmdline": ""}), nil},
		{"garbage", machine(map[string]string{"/proc/600/status": "Uid:\nName"}), nil},
	} {
		if got := Sessions(root(t, c.files)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
