//go:build rig

package enable

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/golden"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// badInput is one input that the handler cannot use.
type badInput struct {
	name    string
	goal    func(*agentrun.Goal)
	agent   func(*agentrun.Agent)
	machine string // script that breaks something on the machine
	undo    string // script that undoes it
	write   map[string]string
	token   metadata.Answer
	compute metadata.Answer
	but     []string // what may change all the same
}

// TestBadInput gives the handler input that it cannot use, on a machine that it would
// otherwise change. Each verdict is in testdata/bad-input.txt; no row may change the
// machine or ask the package host, and each leaves a terminal status where one can be written.
func TestBadInput(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{Timeout: 20e9})
	s.Deliver()
	var got strings.Builder
	for _, row := range badInputs() {
		t.Run(row.name, func(t *testing.T) { fmt.Fprintf(&got, "%s: %s\n", row.name, row.attempt(t, s.In(t))) })
	}
	// Without the bad input the same machine is changed: so there was something to change,
	// and no row left anything behind.
	t.Run("nothing bad", func(t *testing.T) {
		s := s.In(t)
		s.Agent.Env = nil
		s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg", "vm")))
		s.Sh("sed -i 's/ --timeout [0-9ms]*//' " + stage.Home + "/HandlerManifest.json")
		s.Want(0)
	})
	if t.Failed() {
		return
	}
	golden.Compare(t, "testdata/bad-input.txt", got.String())
}

// attempt runs enable with the bad input and returns the verdict.
func (row badInput) attempt(t *testing.T, s *stage.Stage) string {
	goal := s.Goal()
	goal.Sequence = 7
	if row.goal != nil {
		row.goal(&goal)
	}
	s.Agent.Env = nil
	if row.agent != nil {
		row.agent(s.Agent)
	}
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg", "vm")))
	s.Metadata.Always(metadata.ComputePath, metadata.JSON(metadata.VM()))
	if row.token != nil {
		s.Metadata.Always(metadata.TokenPath, row.token)
	}
	if row.compute != nil {
		s.Metadata.Always(metadata.ComputePath, row.compute)
	}
	s.Sh("rm -rf " + stage.Home + "/status/* " + stage.Home + "/config/*.settings")
	for name, content := range row.write {
		s.Write(name, content)
	}
	if row.machine != "" {
		s.Sh(row.machine)
	}
	if row.undo != "" {
		defer s.Sh(row.undo)
	}
	s.WriteMode(stage.Home+"/config/7.settings", goal.Settings, 0o600) // the agent writes it again
	before := s.Snapshot()
	report, err := s.Agent.Apply(t.Context(), goal)
	s.Must(err)
	s.Unchanged(before, row.but...)
	if asked := s.Packages.Requests(); len(asked) > 0 {
		t.Errorf("requests to the package host: %v", asked)
	}
	run := report.Runs[0]
	if len(report.Runs) != 1 || run.Operation != "enable" || run.TimedOut {
		t.Fatalf("the agent ran %+v", report.Runs)
	}
	if len(run.Stdout) > 1500 || len(run.Stderr) > 1500 {
		t.Errorf("%d and %d bytes of output", len(run.Stdout), len(run.Stderr))
	}
	if run.ExitCode == 0 {
		t.Errorf("it reports a success: %s", run.Stdout)
	}
	status := "none"
	if e := report.Extension; e != nil && !e.FromAgent {
		s.Agrees(run, report)
		status = fmt.Sprintf("%s %d", e.Status, e.Code)
		if e.Message != strings.ReplaceAll(strings.TrimSpace(run.Stdout), "\n", " ") {
			t.Errorf("the agent reads %q, a person %q", e.Message, run.Stdout)
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(fmt.Sprintf("exit %d, status %s\n%s%s", run.ExitCode, status, run.Stdout, run.Stderr), stage.Home, "<home>"), " on "+runtime.GOARCH+" ", " on <architecture> ")
}

func badInputs() []badInput {
	environment := stage.Home + "/HandlerEnvironment.json"
	restore := "rm -rf " + environment + "; cp /tmp/environment " + environment
	broken := func(name, content string) badInput {
		return badInput{name: "environment: " + name, machine: "cp " + environment + " /tmp/environment; cp /tmp/broken " + environment,
			undo: restore, write: map[string]string{"/tmp/broken": content}}
	}
	turned := func(name, script string) badInput {
		return badInput{name: "environment: " + name, machine: "cp " + environment + " /tmp/environment; rm " + environment + "; " + script, undo: restore}
	}
	sed := func(name, from, to string) badInput {
		return broken(name, strings.ReplaceAll(agentrun.Environment(scene.HandlerVersion), from, to))
	}
	settings := func(name, content string) badInput {
		return badInput{name: "settings: " + name, goal: func(g *agentrun.Goal) { g.Settings = content }}
	}
	sequence := func(name, value string) badInput {
		const unit = "/etc/systemd/system/walinuxagent.service" // a unit of the agent
		return badInput{name: "sequence number: " + name, machine: "echo '[Service]\nEnvironment=ConfigSequenceNumber=" + value + "' > " + unit, undo: "rm " + unit,
			agent: func(a *agentrun.Agent) { a.Env = []string{"PATH=" + box.Path, "ConfigSequenceNumber=" + value} }}
	}
	release := func(name, content string) badInput {
		return badInput{name: "os-release: " + name, write: map[string]string{"/usr/lib/os-release": content}, undo: ubuntu()}
	}
	logFolder := func(name, script, undo string) badInput {
		b := sed("", stage.Logs+`", "config`, `/run/nologs", "config`)
		b.name, b.token = "log folder: "+name, metadata.NoIdentity()
		b.machine, b.undo = script+"; "+b.machine, undo+"; "+b.undo
		return b
	}
	token := func(name string, a metadata.Answer) badInput { return badInput{name: "token: " + name, token: a} }
	return []badInput{
		broken("garbage", "\x00\xff garbage {{{"),
		broken("empty", ""),
		broken("no entry", "[]"),
		broken("two entries", "[{}, {}]"),
		broken("wrong types", `[{"name": 1, "version": "x", "handlerEnvironment": []}]`),
		broken("5 MB", "["+strings.Repeat(" ", 5<<20)+"]"),
		sed("relative status folder", `"statusFolder": "/`, `"statusFolder": "`),
		sed("no status folder", `"statusFolder"`, `"statusfold"`),
		sed("log folder is /", stage.Logs+`", "config`, `/", "config`),
		turned("missing", "true"),
		turned("a folder", "mkdir "+environment),
		turned("a FIFO", "mkfifo "+environment),

		settings("garbage", "garbage"),
		settings("cut off", agentrun.Public(`{"packageVersion": "1.0"}`)[:60]),
		settings("a number", "42"),
		settings("two runtime settings", `{"runtimeSettings": [{}, {}]}`),
		settings("public settings are a list", agentrun.Public("[1, 2]")),
		settings("wrong type", agentrun.Public(`{"packageVersion": 1.0}`)),
		settings("a bad value", agentrun.Public(`{"packageVersion": "1.0; rm -rf /"}`)),
		settings("a bad mode", agentrun.Public(`{"repository": {"mode": "mirrored"}}`)),
		settings("16 MB", agentrun.Public(`{"x": "`+strings.Repeat("x", 16<<20)+`"}`)),
		settings("deep", agentrun.Public(strings.Repeat("[", 20000)+strings.Repeat("]", 20000))),

		sequence("garbage", "seven"),
		sequence("negative", "-1"),
		sequence("too large", "99999999999999999999"),

		{name: "os-release: missing", machine: "rm /etc/os-release /usr/lib/os-release", undo: ubuntu()},
		{name: "os-release: a folder", machine: "rm /etc/os-release /usr/lib/os-release; mkdir /etc/os-release", undo: "rmdir /etc/os-release; " + ubuntu()},
		release("empty", ""),
		release("binary", "\x7fELF\x02\x01\x01\x00\x00\xff\xfe\x00"),
		release("1 MB", strings.Repeat("NAME=\"much too much of it\"\n", 1<<20/27+1)),
		release("no ID", "NAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\n"),
		release("no VERSION_ID", "ID=ubuntu\nID_LIKE=debian\n"),
		release("unknown", "ID=plan9\nVERSION_ID=4\nPRETTY_NAME=\"Plan 9\"\n"),
		release("hostile", "ID=ubuntu\nVERSION_ID=\"22.04$(touch /tmp/hacked)\"\n"),

		token("400, no identity", metadata.NoIdentity()),
		token("400, something else", metadata.Status(400, "bad_request_102", "Required metadata header not specified")),
		token("404", metadata.Status(404, "", "")),
		token("410", metadata.Status(410, "", "")),
		token("429", metadata.Throttled("")),
		token("429, wait an hour", metadata.Throttled("3600")),
		token("500", metadata.Status(500, "unknown", "Failed to retrieve token")),
		token("never", metadata.Silence()),
		token("hangs up", metadata.Hangup()),
		token("garbage", metadata.Text(200, "application/json", "\x00garbage")),
		token("no HTTP", metadata.Raw("SSH-2.0-OpenSSH_9.2\r\n")),
		token("a web page", metadata.Page(200)),
		token("a token that is none", metadata.JSON(map[string]string{"access_token": "not.a.token"})),
		token("64 MB", metadata.Flood(64<<20)),
		token("redirect", metadata.Redirect("http://"+box.Packages+"/token")),
		{name: "all of it never", token: metadata.Silence(), compute: metadata.Silence()},
		{name: "compute: garbage", compute: metadata.Text(200, "text/html", "garbage"), token: metadata.NoIdentity()},

		{name: "status folder: missing", machine: "rmdir " + stage.Home + "/status", token: metadata.NoIdentity(), but: []string{stage.Home}},
		{name: "status folder: a link", machine: "rmdir " + stage.Home + "/status; mkdir /run/elsewhere; ln -s /run/elsewhere " + stage.Home + "/status",
			undo: "rm " + stage.Home + "/status; mkdir -m 700 " + stage.Home + "/status", token: metadata.NoIdentity(), but: []string{"/run/elsewhere"}},
		{name: "status folder: a file", machine: "rmdir " + stage.Home + "/status; touch " + stage.Home + "/status",
			undo: "rm " + stage.Home + "/status; mkdir -m 700 " + stage.Home + "/status"},
		{name: "status file: a folder", machine: "mkdir " + stage.Home + "/status/7.status", undo: "rmdir " + stage.Home + "/status/7.status"},
		logFolder("missing", "true", "true"),
		logFolder("a file", "touch /run/nologs", "rm /run/nologs"),
		logFolder("read-only", "mkdir /run/nologs; mount -t tmpfs -o ro none /run/nologs", "umount /run/nologs; rmdir /run/nologs"),
		{name: "log: a link", machine: "mv " + stage.Logs + "/handler.log /tmp/; ln -s /etc/passwd " + stage.Logs + "/handler.log",
			undo: "rm " + stage.Logs + "/handler.log; mv /tmp/handler.log " + stage.Logs, token: metadata.NoIdentity()},
	}
}

// ubuntu is the script that restores the machine's os-release.
func ubuntu() string {
	return "cat > /usr/lib/os-release <<'END'\n" + roots.Ubuntu("22.04").OSRelease + "END\nln -sfn ../usr/lib/os-release /etc/os-release"
}
