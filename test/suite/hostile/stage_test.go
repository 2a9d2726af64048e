//go:build rig

// Package hostile puts the handler on machines that are against it: killed at
// the wrong moment, starved of disk, lied to by the network, and full of what
// others left.
package hostile

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/rig"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// Versions of the package, older to newer.
const (
	older = "1.0.031620001"
	newer = scene.Version
)

// home is the handler's folder, logs that of its logs.
var (
	home = agentrun.Dir(scene.HandlerVersion)
	logs = "/var/log/azure/" + agentrun.Handler
)

// stage is a machine of a test.
type stage struct {
	*scene.Scene
	t       *testing.T
	persona roots.Persona
}

// newStage sets a stage; the machine is an Ubuntu 22.04 where no other is named.
func newStage(t *testing.T, o scene.Options) *stage {
	t.Helper()
	if o.Persona.Name == "" {
		o.Persona = roots.Ubuntu("22.04")
	}
	return &stage{scene.New(t, o), t, o.Persona}
}

// families runs a test on a machine of each family of package managers.
func families(t *testing.T, test func(t *testing.T, p roots.Persona)) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")} {
		t.Run(string(p.Family), func(t *testing.T) { test(t, p) })
	}
}

func login(version string) fixtures.Spec {
	return fixtures.Spec{Name: fixtures.Login, Version: version}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// sh runs a script on the machine that must succeed.
func (s *stage) sh(format string, args ...any) string {
	s.t.Helper()
	script := fmt.Sprintf(format, args...)
	r, err := s.Run(s.t.Context(), nil, "sh", "-ec", script)
	s.must(err)
	if r.ExitCode != 0 {
		s.t.Fatalf("%s: exit %d\n%s", script, r.ExitCode, r.Output())
	}
	return string(r.Stdout)
}

// fails runs a script that must not succeed: what a test says is in the way is.
func (s *stage) fails(format string, args ...any) string {
	s.t.Helper()
	script := fmt.Sprintf(format, args...)
	r, err := s.Run(s.t.Context(), nil, "sh", "-c", script)
	s.must(err)
	if r.ExitCode == 0 {
		s.t.Fatalf("nothing is in the way of: %s\n%s", script, r.Output())
	}
	return r.Output()
}

func (s *stage) write(name, content string) {
	s.t.Helper()
	s.must(s.WriteFile(name, []byte(content), 0o644))
}

// offer replaces what is in the repository.
func (s *stage) offer(packages ...fixtures.Spec) {
	s.t.Helper()
	s.must(s.Offer(s.t.Context(), rig.Options{Persona: s.persona, Path: s.Target.Repository.Path, Suite: s.Target.Repository.Suite, Packages: packages}))
}

// deliver puts the extension on the machine as one that is installed already,
// so that the agent runs enable alone.
func (s *stage) deliver() {
	s.t.Helper()
	s.write(home+"/HandlerEnvironment.json", agentrun.Environment(scene.HandlerVersion))
	s.write(home+"/config/HandlerState", "Installed")
	for name, f := range s.Package() {
		s.must(s.WriteFile(home+"/"+name, f.Data, 0o744))
	}
	s.sh("mkdir -p %[1]s/status %[2]s/events; chmod 700 %[1]s/status %[1]s/config %[2]s/events", home, logs)
}

// applied is how a goal state ended.
type applied struct {
	agentrun.Run
	report agentrun.Report
}

// apply has the agent process a goal state, and checks that exit code, status
// and the two lines of the output agree.
func (s *stage) apply() applied {
	s.t.Helper()
	report, err := s.Agent.Apply(s.t.Context(), s.Goal())
	s.must(err)
	v := applied{report.Runs[len(report.Runs)-1], report}
	if v.Operation != "enable" {
		s.t.Fatalf("the agent got as far as %s: exit %d\n%s", v.Operation, v.ExitCode, v.Captured)
	}
	level := "error"
	if v.ExitCode == 0 {
		level = "success"
	}
	e := report.Extension
	switch {
	case e == nil || e.FromAgent:
		s.t.Errorf("exit %d, and no status file\n%s", v.ExitCode, v.Captured)
	case e.Invalid != "" || e.StopsOther:
		s.t.Errorf("the agent refuses the status: %s", e.Invalid)
	case e.Status != level || e.Code != v.ExitCode:
		s.t.Errorf("exit %d, but the status is %s %d", v.ExitCode, e.Status, e.Code)
	}
	return v
}

// want applies, and fails the test unless enable ends with the code and its
// first line says all of words.
func (s *stage) want(code int, words ...string) applied {
	s.t.Helper()
	v := s.apply()
	if v.ExitCode != code {
		s.t.Errorf("enable ended with %d, want %d\n%s%s", v.ExitCode, code, v.Stdout, v.Stderr)
	}
	for _, w := range words {
		if !strings.Contains(v.what(), w) {
			s.t.Errorf("the first line does not say %q: %s", w, v.what())
		}
	}
	if code != 0 && v.next() == "" {
		s.t.Errorf("nothing says what to do next: %s", v.Stdout)
	}
	if s.t.Failed() {
		s.t.Logf("handler.log:\n%s", s.changes())
	}
	return v
}

// changes are the lines of handler.log that tell of more than a look.
func (s *stage) changes() string {
	var b strings.Builder
	for line := range strings.Lines(s.HandlerLog()) {
		if !strings.Contains(line, "level=debug") && !strings.Contains(line, "msg=\"check ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func (v applied) what() string {
	line, _, _ := strings.Cut(v.Stdout, "\n")
	return line
}

func (v applied) next() string {
	_, rest, _ := strings.Cut(v.Stdout, "\n")
	return strings.TrimSuffix(rest, "\n")
}

// version is the version of the installed login package, "" where it is not
// installed whole.
func (s *stage) version() string {
	s.t.Helper()
	script := "rpm -q --qf '%{VERSION}' " + fixtures.Login + " || true"
	if s.persona.Family == roots.Apt {
		script = "dpkg-query -W -f '${db:Status-Status} ${Version}' " + fixtures.Login + " 2>/dev/null || true"
	}
	out := strings.TrimPrefix(strings.TrimSpace(s.sh("%s", script)), "installed ")
	if strings.Contains(out, " ") {
		return ""
	}
	return out
}

// wants fails the test unless the login package is installed in a version.
func (s *stage) has(version string) {
	s.t.Helper()
	if got := s.version(); got != version {
		s.t.Errorf("%s is at %q, want %q", fixtures.Login, got, version)
	}
}

// until waits for what another process is about to do.
func (s *stage) until(what string, done func() bool) {
	s.t.Helper()
	for range 3000 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Fatalf("waited in vain until %s\n%s", what, s.changes())
}

// snapshot is every file that was ever written to the machine, by kind, mode,
// owner and content: not by when it was written.
func (s *stage) snapshot() map[string]string {
	s.t.Helper()
	snap, err := s.Snapshot()
	s.must(err)
	out := map[string]string{}
	for name, text := range snap {
		f := strings.Fields(text) // mode owner N bytes inode I changed T content
		if len(f) < 8 || f[2] == "" {
			s.t.Fatalf("a snapshot's line: %q", text)
		}
		out[name] = strings.Join(append(f[:2:2], f[8:]...), " ")
	}
	return out
}

// unchanged fails the test where files differ from before, other than the
// handler's status and log and what is named (with what is below it). Folders
// show as soon as something in them was written, so they are left out.
func (s *stage) unchanged(before map[string]string, but ...string) {
	s.t.Helper()
	but = append(but, home, logs, "/run/aadsshlogin-handler.lock", "/var/lib/waagent")
	later := s.snapshot()
	names := slices.Sorted(maps.Keys(later))
	for name := range before {
		if _, is := later[name]; !is {
			names = append(names, name)
		}
	}
	for _, name := range names {
		was, is := before[name], later[name]
		if was == is || strings.HasPrefix(is, "d") && was == "" || slices.ContainsFunc(but, func(b string) bool { return name == b || strings.HasPrefix(name, b+"/") }) {
			continue
		}
		s.t.Errorf("%s was %q and is %q", name, was, is)
	}
}

// readOnly is a bind of a folder of the machine over itself, read-only.
func (s *stage) readOnly(folder string) {
	s.t.Helper()
	s.sh("mount --bind %[1]s %[1]s && mount -o remount,ro,bind %[1]s", path.Clean(folder))
}

// small is a machine whose disk has this size.
func small(size string) box.Options { return box.Options{Size: size} }
