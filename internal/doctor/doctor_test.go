package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/pkgmgr"
)

func TestNamesThatMeanNothingAreRefused(t *testing.T) {
	for name, good := range map[string]bool{"sshd": false, "sshd-groups": true, "network": true, "network-login": true, "machine": false, "identity": true, "pam": false, "frobnicate": false, "": false, "ssh": false} {
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
	for _, r := range Table() {
		if !shown[r.Section] {
			t.Errorf("the section %q of %s is not shown", r.Section, r.Name)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		off  []time.Duration
		want check.Answer
		says string
	}{
		{nil, check.Unknown, "not compared"},
		{[]time.Duration{time.Second, -2 * time.Second, 0}, check.Pass, "agrees"},
		{[]time.Duration{0, time.Hour, 0}, check.Pass, "agrees"}, // one endpoint may be wrong
		{[]time.Duration{2 * time.Minute}, check.Warn, "2m ahead"},
		{[]time.Duration{-3 * time.Hour, -3 * time.Hour}, check.Fail, "3h0m behind"},
		{[]time.Duration{50 * time.Hour}, check.Fail, "2 days ahead"},
		{[]time.Duration{-2*365*24*time.Hour - time.Minute}, check.Fail, "2 years behind"},
	} {
		var m machine
		for _, d := range c.off {
			m.probes = append(m.probes, probe{at: now, server: now.Add(-d)})
		}
		if r := clock(&m)[0]; r.Answer != c.want || !strings.Contains(r.Text, c.says) {
			t.Errorf("%v: %s %s", c.off, r.Answer, r.Text)
		}
	}
}

func TestDisk(t *testing.T) {
	for _, c := range []struct {
		v    volume
		want check.Answer
		says string
	}{
		{volume{path: "/var", Room: host.Room{Sized: true, Others: 1 << 30, Counted: true, Files: 1e6}}, check.Pass, ""},
		{volume{path: "/var", Room: host.Room{Sized: true, Others: 1 << 30}}, check.Pass, ""},
		{volume{path: "/var", Room: host.Room{Sized: true, Others: 100 * facts.MiB, Counted: true, Files: 1e6}}, check.Warn, "100 MiB"},
		{volume{path: "/var", Room: host.Room{Sized: true, Others: 5 * facts.MiB, Counted: true, Files: 1e6}}, check.Fail, "5 MiB"},
		{volume{path: "/var", Room: host.Room{Sized: true, Others: 1 << 30, Counted: true, Files: 3}}, check.Fail, "inodes"},
		{volume{path: "/usr", Room: host.Room{Sized: true, Others: 1 << 30, Counted: true, Files: 1e6, ReadOnly: true}}, check.Fail, "read-only"},
		{volume{path: "/sys"}, check.Pass, ""}, // it has no size
		{volume{path: "/srv", err: os.ErrNotExist}, check.Pass, ""},
	} {
		if r := c.v.assess(); r.Answer != c.want || !strings.Contains(r.Text, c.says) {
			t.Errorf("%+v: %s %s", c.v, r.Answer, r.Text)
		}
	}
}

// What affects nobody who has signed in before is only a warning: folders that are only
// needed for packages when none is to be installed, and people's home folders.
func TestDiskThatSparesPeople(t *testing.T) {
	for path, want := range map[string]check.Answer{"/": check.Warn, "/etc": check.Warn, "/var/lib": check.Warn, "/usr": check.Warn, "/var/cache": check.Warn, "/home": check.Warn} {
		for _, room := range []host.Room{{Sized: true, Others: 1 << 30, ReadOnly: true}, {Sized: true, Others: 1 << 20}} {
			m := machine{volumes: []volume{{path: path, Room: room}}}
			m.Target.Packages.Login, m.Facts.Packages = "aadsshlogin", pkgmgr.Packages{"aadsshlogin": {State: pkgmgr.Installed}}
			if r := disk(&m)[0]; r.Answer != want || (r.Code == fault.Disk) != (want == check.Fail) || strings.Contains(r.Next, "set the extension") != (want == check.Fail && !room.ReadOnly) {
				t.Errorf("%s %+v: %+v", path, room, r)
			}
			m.decision.Plan.Steps = []decide.Step{{Kind: decide.Reinstall}}
			if r := disk(&m)[0]; r.Answer != check.Fail && path != "/home" {
				t.Errorf("%s, and a package is to be installed: %+v", path, r)
			}
		}
	}
}

// What enable would end with before its first step is told with the plan, which is also shown
// alone.
func TestPlanThatIsStopped(t *testing.T) {
	var m machine
	m.decision.Plan.Steps = []decide.Step{{Kind: decide.Install, Text: "install"}}
	m.decision.Refusal = fault.New(fault.SettingsInvalid, "A setting cannot be used.", "Correct it.")
	if r := planCheck(&m)[0]; r.Answer != check.Warn || !strings.Contains(r.Text, "with 53 settings-invalid") || r.Next != "Correct it." {
		t.Errorf("%+v", r)
	}
}

// A next step that one failure has is not repeated by the plan or by PAM.
func TestRepeats(t *testing.T) {
	m := machine{nologin: "/etc/nologin"}
	plan, reinstall := Check{Name: "plan", Answer: "warn"}, decide.Step{Kind: decide.Reinstall}
	for _, c := range []struct {
		name   string
		checks []Check
		steps  []decide.Step
		want   string // that are left out
	}{
		{"the package's own scripts mend it", []Check{{Name: "sshd-command", Answer: "fail", reinstalls: true}, plan}, []decide.Step{reinstall, {Kind: decide.Reload}}, "plan"},
		{"the same command", []Check{{Name: "packages", Answer: "fail", Next: "Set the extension again: " + m.done()}, plan}, []decide.Step{{Kind: decide.Install}}, "plan"},
		{"a repair is told by nothing else", []Check{{Name: "sshd-command", Answer: "fail", reinstalls: true}, plan}, []decide.Step{{Kind: decide.Repair}, reinstall}, ""},
		{"a repair by the same command", []Check{{Name: "packages", Answer: "fail", Next: "Set the extension again: " + m.done()}, plan}, []decide.Step{{Kind: decide.Repair}}, "plan"},
		{"it passes now", []Check{{Name: "sshd-command", Answer: "pass", reinstalls: true}, plan}, []decide.Step{reinstall}, ""},
		{"nothing says why", []Check{{Name: "identity", Answer: "fail", Next: "Run: az vm identity assign"}, plan}, []decide.Step{reinstall}, ""},
		{"why nothing listens", []Check{{Name: "ssh-service", Answer: "fail"}, {Name: "sshd-listening", Answer: "fail"}}, nil, "ssh-service"},
		{"a socket listens", []Check{{Name: "ssh-service", Answer: "warn"}, {Name: "sshd-listening", Answer: "fail"}}, nil, ""},
		{"nologin", []Check{{Name: "nologin", Answer: "fail"}, {Name: "pam-account", Answer: "fail", file: "/etc/nologin"}}, nil, "pam-account"},
		{"nologin, and another fault of PAM's", []Check{{Name: "nologin", Answer: "fail"}, {Name: "pam-account", Answer: "fail", file: "/etc/pam.d/sshd"}}, nil, ""},
	} {
		m.decision.Plan.Steps = c.steps
		m.markRepeats(c.checks)
		got := ""
		for _, x := range c.checks {
			if x.Repeats {
				got += x.Name
			}
			if _, known := check.Find(Table(), x.Name); !known {
				t.Errorf("%s: no check is called %q any more", c.name, x.Name)
			}
		}
		if got != c.want {
			t.Errorf("%s: left out %q, want %q", c.name, got, c.want)
		}
		r := Report{Checks: c.checks}
		for _, text := range []string{r.Text(Style{}), r.Brief()} {
			if c.want != "" && strings.Contains(text, c.want) {
				t.Errorf("%s: %s is told:\n%s", c.name, c.want, text)
			}
		}
		if all := r.Text(Style{All: true}); c.want != "" && !strings.Contains(all, c.want) {
			t.Errorf("%s: --all leaves %s out:\n%s", c.name, c.want, all)
		}
	}
}

// A step that is shown above is not printed again.
func TestStepsAreSaidOnce(t *testing.T) {
	r := Report{Checks: []Check{{Name: "a", Answer: "fail", Code: 21, Text: "A.", Next: "Run: x"}, {Name: "b", Answer: "fail", Code: 21, Text: "B.", Next: "Run: x"}, {Name: "c", Answer: "warn", Text: "C.", Next: "Run: y"}}}
	r.Verdict = verdict(r.Checks, false)
	if text := r.Text(Style{}); strings.Count(text, "Run: x") != 1 || strings.Count(text, "The same step as above.") != 1 || strings.Count(text, "Run: y") != 1 {
		t.Errorf("%s", text)
	}
}

// Each command of what cannot be seen stands alone, and each word in capitals in it
// is explained, or stands for a machine whose name is not known.
func TestUnseen(t *testing.T) {
	for _, arc := range []bool{false, true} {
		m := machine{}
		m.Identity.Machine.Arc, m.Identity.Machine.Name, m.Identity.Machine.Group, m.Identity.Machine.Subscription = arc, "web1", "rg", "s"
		for _, u := range unseen(&m) {
			if u.Command != strings.Join(u.Commands, "; ") || len(u.Commands) == 0 {
				t.Errorf("%+v", u)
			}
			for _, c := range u.Commands {
				if strings.Contains(c, "&&") {
					t.Errorf("one hangs on the other: %s", c)
				}
				for _, word := range regexp.MustCompile(`\b[A-Z][A-Z_]{2,}\b`).FindAllString(c, -1) {
					if word != "TCP" && !strings.Contains(u.Text, word) {
						t.Errorf("%s of %q is not explained: %s", word, c, u.Text)
					}
				}
			}
			shown := Report{Unseen: []Unseen{u}}.Text(Style{})
			for _, c := range u.Commands {
				if !strings.Contains(shown, " "+c+"\n") {
					t.Errorf("%s has no line of its own:\n%s", c, shown)
				}
			}
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

// The agent's proxy is found in its process, or else in its unit with its drop-ins.
func TestAgentEnvironment(t *testing.T) {
	files := map[string]string{
		"/lib/systemd/system/walinuxagent.service":                 "[Service]\nEnvironment=\"http_proxy=http://old:80/\" 'no_proxy=169.254.169.254'\n",
		"/etc/systemd/system/walinuxagent.service.d/10-proxy.conf": "[Service]\nEnvironment=https_proxy=http://new:3128\nEnvironmentFile=-/etc/agent.env\n",
		"/etc/agent.env": "all_proxy=\"socks5://x\"\n",
	}
	h := machineOf(t, files)
	pid, units, _ := findAgent(h)
	e := agentEnvironment(h, pid, units)
	if pid != 0 || e.get("https_proxy") != "http://new:3128" || e.get("http_proxy") != "http://old:80/" || e.get("no_proxy") != "169.254.169.254" || e.get("all_proxy") != "socks5://x" {
		t.Errorf("pid %d, %+v", pid, e)
	}
	files["/proc/812/cmdline"] = "python3\x00-u\x00/usr/sbin/waagent\x00-daemon\x00"
	files["/proc/812/environ"] = "PATH=/bin\x00https_proxy=http://process:1\x00"
	files["/proc/900/cmdline"] = "python3\x00-u\x00bin/WALinuxAgent-2.15.0.1-py3.12.egg\x00-run-exthandlers\x00"
	files["/proc/33/cmdline"] = "vi\x00notes about waagent.txt\x00"
	h = machineOf(t, files)
	pid, units, _ = findAgent(h)
	if e := agentEnvironment(h, pid, units); pid != 812 || e.get("https_proxy") != "http://process:1" || e.get("http_proxy") != "" {
		t.Errorf("pid %d, %+v", pid, e)
	}
}

// TestMaskedAgent: systemctl start does not start a unit that is masked.
func TestMaskedAgent(t *testing.T) {
	h := machineOf(t, map[string]string{"/lib/systemd/system/walinuxagent.service": "[Service]\n"})
	for _, want := range []string{"sudo systemctl start walinuxagent.", "sudo systemctl unmask walinuxagent && sudo systemctl enable --now walinuxagent"} {
		masked := strings.Contains(want, "unmask")
		if masked {
			if err := errors.Join(os.MkdirAll(h.Path("/etc/systemd/system"), 0o755), os.Symlink("/dev/null", h.Path("/etc/systemd/system/walinuxagent.service"))); err != nil {
				t.Fatal(err)
			}
		}
		m := &machine{}
		m.agentProc, m.agentUnits, m.agentMasked = findAgent(h)
		if got := agentRuns(m)[0]; !strings.Contains(got.Next, want) {
			t.Errorf("masked %t: %s", masked, got.Next)
		}
	}
}

// The output on a terminal: the verdict first, each line within the width, and a command
// that continues after a backslash.
func TestText(t *testing.T) {
	r := Report{Version: "1.2", Root: true, Machine: Machine{Distribution: "Ubuntu 22.04", Name: "web1"},
		Checks: []Check{
			{Name: "distro", Section: check.Machine, Answer: "pass", Text: "Ubuntu 22.04 is supported."},
			{Name: "identity", Section: check.Identity, Answer: "fail", Code: 22, Text: strings.Repeat("word ", 30), Next: "Run: az vm identity assign " + strings.Repeat("-x ", 60) + "-y; then wait."},
			{Name: "firewall", Section: check.SignIn, Answer: "unknown", Text: "It depends on " + strings.Repeat("rules ", 20)},
		}, Unseen: []Unseen{{Name: "way-in", Text: "What stands in front."}}}
	r.Verdict = verdict(r.Checks, false)
	for _, width := range []int{40, 60, 80, 120} {
		text := r.Text(Style{Width: width})
		for line := range strings.SplitSeq(text, "\n") {
			if len(line) > width {
				t.Errorf("%d columns, not %d: %s", len(line), width, line)
			}
		}
		if pasted := strings.Join(strings.Fields(strings.ReplaceAll(text, "\\\n", " ")), " "); !strings.Contains(pasted, "az vm identity assign "+strings.Repeat("-x ", 60)+"-y; then wait.") {
			t.Errorf("the command cannot be pasted:\n%s", text)
		}
	}
	text := r.Text(Style{})
	if !strings.HasPrefix(text, "FAIL 22 identity-missing: word word") || strings.Count(text, "word word word") != 10 || strings.Contains(text, "supported") ||
		!strings.Contains(text, "1 check passed (--all shows them).") || strings.Contains(text, "way-in") {
		t.Errorf("the verdict first, and little else:\n%s", text)
	}
	if all := r.Text(Style{All: true}); !strings.Contains(all, "Ubuntu 22.04 is supported.") || !strings.Contains(all, "way-in") {
		t.Errorf("--all:\n%s", all)
	}
}

// TestVerdictIsNotPromised: what is unknown is not reported as right.
func TestVerdictIsNotPromised(t *testing.T) {
	v := verdict([]Check{{Name: "memory", Answer: "pass"}, {Name: "firewall", Answer: "unknown", Text: "It depends."}}, false)
	if v.Code != 0 || v.Check != "firewall" || !strings.HasSuffix(v.Text, "It depends.") || strings.Contains(v.Text, "Nothing is wrong") {
		t.Errorf("%+v", v)
	}
	v = verdict([]Check{{Name: "packages", Answer: "warn", Text: "There is a newer one."}, {Name: "sshd-loaded", Answer: "warn", decides: true, Text: "It was changed."}}, false)
	if v.Check != "sshd-loaded" || strings.Contains(v.Text, "Nothing is broken") || !strings.HasSuffix(v.Text, "It was changed.") {
		t.Errorf("%+v", v)
	}
}

// TestBrief: Run Command keeps 4,096 bytes, and the verdict is in them.
func TestBrief(t *testing.T) {
	r := Report{Root: true}
	for i := range 60 {
		r.Checks = append(r.Checks, Check{Name: fmt.Sprintf("check-%d", i), Answer: "fail", Code: 21, Text: strings.Repeat("ä", 900), Next: strings.Repeat("x", 3000)})
	}
	r.Verdict = verdict(r.Checks, false)
	text := r.Brief()
	if len(text) > 4096 || !strings.HasPrefix(text, "FAIL 21 verification-failed: ää") || !strings.Contains(text, "more: run doctor without --brief") || !utf8.ValidString(text) {
		t.Errorf("%d bytes:\n%s", len(text), text)
	}
}

// TestMerge: many reports become causes, on machines.
func TestMerge(t *testing.T) {
	report := func(machine string, checks ...Check) string {
		r := Report{Schema: schemaVersion, Machine: Machine{Name: machine}, Checks: checks, Verdict: verdict(checks, false)}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	groups := Check{Name: "sshd-groups", Answer: "fail", Code: 21, Text: "AllowGroups keeps people out.", Next: "Change it."}
	var f Fleet
	for name, content := range map[string]string{
		"a.json": "\ufeff" + report("web1", groups) + report("web2", groups),
		"b.json": report("db1", Check{Name: "identity", Answer: "fail", Code: 22, Text: "None."}) + report("ok1", Check{Name: "memory", Answer: "pass"}) + report("", Check{Name: "disk", Answer: "warn", Text: "Full soon."}),
	} {
		if err := f.Add(name, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	s := f.Summary()
	if f.Worst() != 22 || s.Machines != 5 || s.Well != 2 || len(s.Causes) != 3 || s.Causes[0].Check != "sshd-groups" || len(s.Causes[0].Machines) != 2 || s.Causes[2].Machines[0] != "(b.json:3)" {
		t.Errorf("worst %d, %+v", f.Worst(), s)
	}
	if text := s.Text(Style{Width: 60}); !strings.HasPrefix(text, "5 machines: 2 without a failure, 3 with one.") || !strings.Contains(text, "FAIL 22 identity on 1 machine: db1") {
		t.Error(text)
	}
	for name, content := range map[string]string{"empty": "", "garbage": "{", "a list": "[]", "another schema": `{"schema":"99"}`,
		"only a schema": `{"schema":"1"}`, "a status": `{"schema":"1","code":21,"name":"verification-failed","health":{"code":21,"name":"verification-failed"},"parts":[]}`,
		"a plan": `{"schema":"1","operation":"enable","refused":{"code":22,"name":"identity-missing"},"steps":[]}`, "a verdict alone": `{"schema":"1","verdict":{"code":0,"name":"ok"}}`,
		"an exit code that would be success": `{"schema":"1","verdict":{"code":256,"name":"x"},"checks":[]}`, "UTF-16": "\xff\xfe{\x00}\x00", "UTF-16, the other way round": "\xfe\xff\x00{\x00}"} {
		f := fault.Of(new(Fleet).Add(name, strings.NewReader(content)))
		if f == nil || f.Code != fault.Usage || strings.HasPrefix(name, "UTF-16") != strings.Contains(f.Next, "iconv -f UTF-16") {
			t.Errorf("%s: %v, %+v", name, f, f)
		}
	}
}
