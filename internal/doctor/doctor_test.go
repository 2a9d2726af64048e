package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadsshlogin-handler/internal/facts"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/logging"
	"aadsshlogin-handler/internal/preflight"
)

func TestNamesThatMeanNothingAreRefused(t *testing.T) {
	for name, good := range map[string]bool{"sshd": true, "sshd-groups": true, "network": true, "network-login": true, "machine": true, "identity": true, "pam": true, "frobnicate": false, "": false, "ssh": false} {
		err := Options{Only: []string{name}}.known()
		if f := (*fault.Fault)(nil); (err == nil) != good || !good && (!errors.As(err, &f) || f.Code != fault.Usage) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Every row has a section that the text shows.
func TestEverySectionIsShown(t *testing.T) {
	shown := map[string]bool{}
	for _, s := range titles() {
		shown[s[0]] = true
	}
	for _, r := range rows() {
		if !shown[r.section] {
			t.Errorf("the section %q of %s is not shown", r.section, r.name)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		off  []time.Duration
		want preflight.Answer
		says string
	}{
		{nil, preflight.Unknown, "not compared"},
		{[]time.Duration{time.Second, -2 * time.Second, 0}, preflight.Pass, "agrees"},
		{[]time.Duration{0, time.Hour, 0}, preflight.Pass, "agrees"}, // one endpoint may be wrong
		{[]time.Duration{2 * time.Minute}, preflight.Warn, "2m ahead"},
		{[]time.Duration{-3 * time.Hour, -3 * time.Hour}, preflight.Fail, "behind"},
	} {
		var m machine
		for _, d := range c.off {
			m.probes = append(m.probes, probe{at: now, server: now.Add(-d)})
		}
		if r := clock(m)[0]; r.Answer != c.want || !strings.Contains(r.Text, c.says) {
			t.Errorf("%v: %s %s", c.off, r.Answer, r.Text)
		}
	}
}

func TestDisk(t *testing.T) {
	for _, c := range []struct {
		v    volume
		want preflight.Answer
		says string
	}{
		{volume{path: "/var", room: 1 << 30, files: 1e6}, preflight.Pass, ""},
		{volume{path: "/var", room: 1 << 30, files: -1}, preflight.Pass, ""},
		{volume{path: "/var", room: 100 * facts.MiB, files: 1e6}, preflight.Warn, "100 MiB"},
		{volume{path: "/var", room: 5 * facts.MiB, files: 1e6}, preflight.Fail, "5 MiB"},
		{volume{path: "/var", room: 1 << 30, files: 3}, preflight.Fail, "inodes"},
		{volume{path: "/usr", room: 1 << 30, files: 1e6, readOnly: true}, preflight.Fail, "read-only"},
		{volume{path: "/srv", err: os.ErrNotExist}, preflight.Pass, ""},
	} {
		if r := c.v.judge(); r.Answer != c.want || !strings.Contains(r.Text, c.says) {
			t.Errorf("%+v: %s %s", c.v, r.Answer, r.Text)
		}
	}
}

// machineOf is a machine made of files.
func machineOf(t *testing.T, files map[string]string) *host.Host {
	t.Helper()
	h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path(path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// The agent's proxy is found in its process, else in its unit with its drop-ins.
func TestAgentEnvironment(t *testing.T) {
	files := map[string]string{
		"/lib/systemd/system/walinuxagent.service":                 "[Service]\nEnvironment=\"http_proxy=http://old:80/\" 'no_proxy=169.254.169.254'\n",
		"/etc/systemd/system/walinuxagent.service.d/10-proxy.conf": "[Service]\nEnvironment=https_proxy=http://new:3128\nEnvironmentFile=-/etc/agent.env\n",
		"/etc/agent.env": "all_proxy=\"socks5://x\"\n",
	}
	h := machineOf(t, files)
	pid, units := findAgent(h)
	e := agentEnvironment(h, pid, units)
	if pid != 0 || e.get("https_proxy") != "http://new:3128" || e.get("http_proxy") != "http://old:80/" || e.get("no_proxy") != "169.254.169.254" || e.get("all_proxy") != "socks5://x" {
		t.Errorf("pid %d, %+v", pid, e)
	}
	files["/proc/812/cmdline"] = "python3\x00-u\x00/usr/sbin/waagent\x00-daemon\x00"
	files["/proc/812/environ"] = "PATH=/bin\x00https_proxy=http://process:1\x00"
	files["/proc/900/cmdline"] = "python3\x00-u\x00bin/WALinuxAgent-2.15.0.1-py3.12.egg\x00-run-exthandlers\x00"
	files["/proc/33/cmdline"] = "vi\x00notes about waagent.txt\x00"
	h = machineOf(t, files)
	pid, units = findAgent(h)
	if e := agentEnvironment(h, pid, units); pid != 812 || e.get("https_proxy") != "http://process:1" || e.get("http_proxy") != "" {
		t.Errorf("pid %d, %+v", pid, e)
	}
}

// What a terminal shows: broken to its width, commands never.
func TestTextIsAligned(t *testing.T) {
	r := Report{Version: "1.2", Root: true, Machine: Machine{Distribution: "Ubuntu 22.04", Name: "web1"},
		Checks: []Check{
			{Name: "distro", Section: sectionMachine, Answer: "pass", Text: "Ubuntu 22.04 is supported."},
			{Name: "identity", Section: sectionIdentity, Answer: "fail", Code: 22, Text: strings.Repeat("word ", 30), Next: "az vm identity assign " + strings.Repeat("-x ", 60)},
		}}
	r.Verdict = verdict(r.Checks)
	for _, line := range strings.Split(r.Text(Style{Width: 80}), "\n") {
		if len(line) > 80 && !strings.Contains(line, "> az ") && !strings.HasPrefix(line, "word") && !strings.HasPrefix(line, "az ") {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	text := r.Text(Style{})
	if fail, pass := strings.Index(text, "FAIL"), strings.Index(text, "ok "); fail < 0 || pass < fail {
		t.Errorf("what is wrong comes first:\n%s", text)
	}
	if !strings.HasSuffix(strings.TrimSpace(text), strings.TrimSpace(r.Checks[1].Next)) {
		t.Errorf("the last line is the next step:\n%s", text)
	}
}
