package facts

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"aadssh/internal/names"
	"aadssh/internal/signin/login"
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
		if got := findLegacyExtension(root(t, c.files), waagent); got != c.want {
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
		{"as systemd-logind has it, after exec sudo -i", machine(map[string]string{"/proc/70/comm": "sshd\n", "/run/systemd/sessions/4": "# private\nUID=51001\nUSER=anna@example.com\nACTIVE=1\nSTATE=active\nCLASS=user\nLEADER=70\n"}),
			[]Session{{"anna@example.com", 70, "session 4", false}}},
		{"as systemd-logind has it by the number", machine(map[string]string{"/proc/70/comm": "sshd\n", "/run/systemd/sessions/c1": "UID=51002\nUSER=BEN\nSTATE=online\nLEADER=70\n"}),
			[]Session{{"ben@example.com", 70, "session c1", false}}},
		{"a session that is closing", machine(map[string]string{"/run/systemd/sessions/4": "UID=51001\nUSER=anna@example.com\nSTATE=closing\nLEADER=70\n"}),
			[]Session{{"anna@example.com", 70, "session 4", true}}},
		{"somebody else's session", machine(map[string]string{"/proc/70/comm": "sshd\n", "/run/systemd/sessions/4": "UID=1000\nUSER=azureuser\nSTATE=active\nLEADER=70\n"}), nil},
		{"as utmp has it", machine(map[string]string{"/proc/70/comm": "sshd\n", "/run/utmp": utmp(7, 70, "pts/0", "anna@example.com") + utmp(8, 71, "pts/1", "ben@example.com")}),
			[]Session{{"anna@example.com", 70, "pts/0", false}}},
		{"utmp has a process that is gone", machine(map[string]string{"/proc/self/comm": "x", "/run/utmp": utmp(7, 70, "pts/0", "anna@example.com")}), nil},
		{"utmp is cut off", machine(map[string]string{"/proc/70/comm": "x", "/run/utmp": utmp(7, 70, "pts/0", "anna@example.com")[:300]}), nil},
		{"the process says more than the list", machine(process(300, "vim", 51001, 51001), map[string]string{"/proc/70/comm": "x", "/run/utmp": utmp(7, 70, "pts/0", "anna@example.com")}),
			[]Session{{"anna@example.com", 300, "vim", false}}},
		{"the list says more than the manager of the user", machine(process(300, "systemd", 51001, 51001), map[string]string{"/proc/70/comm": "x", "/run/utmp": utmp(7, 70, "pts/0", "anna@example.com")}),
			[]Session{{"anna@example.com", 70, "pts/0", false}}},
		{"garbage", machine(map[string]string{"/proc/600/status": "Uid:\nName"}), nil},
	} {
		if got := Sessions(root(t, c.files)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// utmp is a record of utmp(5).
func utmp(kind uint16, pid uint32, line, user string) string {
	b := make([]byte, utmpRecord())
	binary.NativeEndian.PutUint16(b, kind)
	binary.NativeEndian.PutUint32(b[pidAt:], pid)
	copy(b[lineAt:], line)
	copy(b[userAt:userAt+userLength], user)
	return string(b)
}

// TestCutName: utmp has the first 32 bytes of a name.
func TestCutName(t *testing.T) {
	const long = "a.very.long.name.indeed@contoso.onmicrosoft.example.com"
	got := Sessions(root(t, map[string]string{
		login.AccountsFile: long + ":x:51001:51001::/home/a:/bin/bash\n", "/proc/70/comm": "x", "/run/utmp": utmp(7, 70, "pts/0", long),
	}))
	if len(got) != 1 || got[0].User != long {
		t.Errorf("%+v", got)
	}
}
