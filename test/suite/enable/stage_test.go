//go:build rig

// Package enable has the agent run install and enable on throw-away machines: what
// is decided before anything is changed (identity, memory, the older product,
// settings, the ways to the package host), what a healthy machine costs, and the
// scripts. Packages and where they come from are the subject of families, and what
// goes wrong in the middle that of hostile.
package enable

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// machine is a stage whose every trace is searched for planted secrets at its end.
type machine struct {
	*stage.Stage
	secrets []string        // what must turn up nowhere, beside the metadata service's
	planted []string        // files of the machine's owner that hold a secret
	said    strings.Builder // all that the handler and the agent said
	lines   *commandLines
	before  box.Snapshot
}

// newMachine starts a machine. prepare may change the machine before it is looked at
// for the first time.
func newMachine(t testing.TB, o scene.Options, prepare ...func(*machine)) *machine {
	t.Helper()
	s := &machine{Stage: stage.New(t, o)}
	for _, p := range prepare {
		p(s)
	}
	s.before = s.Snapshot()
	s.lines = watch(s.Box)
	t.Cleanup(s.search)
	return s
}

// run runs a command of the machine that must succeed.
func (s *machine) run(argv ...string) string {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), nil, argv...)
	s.Must(err)
	if r.ExitCode != 0 {
		s.T.Fatalf("%q: exit %d\n%s", argv, r.ExitCode, r.Output())
	}
	return string(r.Stdout)
}

func (s *machine) read(path string) string {
	b, err := s.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// below is a place of the repository on the package host.
func (s *machine) below(path string) string {
	return strings.TrimSuffix(s.Target.Repository.Path, "/") + path
}

// end is how a goal state ended: what the last command said, and the status.
type end struct {
	t      testing.TB
	code   fault.Code
	stdout string
	agentrun.Report
}

// apply has the agent process a goal state.
func (s *machine) apply(g agentrun.Goal) end {
	s.T.Helper()
	report, err := s.Agent.Apply(s.T.Context(), g)
	s.Must(err)
	e := end{t: s.T, Report: report}
	for _, r := range report.Runs {
		fmt.Fprintf(&s.said, "%s\n%s\n%s\n", r.Stdout, r.Stderr, r.Captured)
		e.code, e.stdout = fault.Code(r.ExitCode), r.Stdout+r.Stderr
	}
	fmt.Fprintf(&s.said, "%+v\n", report.Handler)
	if report.Extension != nil {
		fmt.Fprintf(&s.said, "%+v\n", *report.Extension)
	}
	if last := report.Runs[len(report.Runs)-1]; last.Operation != "enable" {
		s.T.Fatalf("the agent got as far as %s: exit %d\n%s", last.Operation, last.ExitCode, last.Captured)
	}
	return e
}

// want checks the exit code, that the status agrees with it, and what the two
// lines say.
func (e end) want(code fault.Code, words ...string) end {
	e.t.Helper()
	level := "success"
	if code != fault.OK {
		level = "error"
	}
	if e.code != code || e.Extension == nil || e.Extension.Status != level || e.Extension.Code != int(code) || e.Extension.Invalid != "" {
		e.t.Errorf("exit %d, status %+v; want %d and %s\n%s", e.code, e.Extension, code, level, e.stdout)
		return e
	}
	for _, w := range words {
		if !strings.Contains(e.stdout, w) || !strings.Contains(e.Extension.Message, w) {
			e.t.Errorf("%q is not in the output or the status:\n%s", w, e.stdout)
		}
	}
	if n := strings.Count(strings.TrimSpace(e.stdout), "\n"); code != fault.OK && n != 1 {
		e.t.Errorf("%d lines, want two:\n%s", n+1, e.stdout)
	}
	return e
}

// never checks that words are not said.
func (e end) never(words ...string) end {
	e.t.Helper()
	for _, w := range words {
		if strings.Contains(e.stdout, w) || e.Extension != nil && strings.Contains(e.Extension.Message, w) {
			e.t.Errorf("%q is said:\n%s", w, e.stdout)
		}
	}
	return e
}

// warns checks a warning substatus.
func (e end) warns(name string, words ...string) end {
	e.t.Helper()
	if e.Extension == nil {
		e.t.Errorf("no status, want the warning %s", name)
		return e
	}
	for _, sub := range e.Extension.Substatus {
		if sub.Name != name {
			continue
		}
		if sub.Status != "warning" {
			e.t.Errorf("substatus %s is %s: %s", name, sub.Status, sub.Message)
		}
		for _, w := range words {
			if !strings.Contains(sub.Message, w) {
				e.t.Errorf("substatus %s does not say %q: %s", name, w, sub.Message)
			}
		}
		return e
	}
	e.t.Errorf("no substatus %s in %+v", name, e.Extension.Substatus)
	return e
}

// bookkeeping are the agent's files and ours: what may differ on a machine that
// was not changed.
func bookkeeping(path string) bool {
	// A query opens rpm's database, and with it the files of SQLite beside it.
	if strings.HasPrefix(path, "/var/lib/rpm/rpmdb.sqlite-") {
		return true
	}
	for _, dir := range []string{agentrun.Lib, "/var/log/azure", "/run"} {
		if path == dir || strings.HasPrefix(path, dir+"/") {
			return true
		}
	}
	return slices.Contains([]string{"/var", "/var/lib", "/var/lib/rpm", "/var/log", "/tmp"}, path)
}

// unchanged checks that nothing of the machine was written since a snapshot.
func (s *machine) unchanged(since box.Snapshot, but ...string) {
	s.T.Helper()
	ignore := func(path string) bool { return bookkeeping(path) || slices.Contains(but, path) }
	if diff := since.Diff(s.Snapshot(), ignore); len(diff) > 0 {
		s.T.Errorf("the machine was changed:\n%s", strings.Join(diff, "\n"))
	}
}

// search looks for secrets in everything that the scene left: files, outputs,
// the log and command lines.
func (s *machine) search() {
	s.lines.stop()
	texts := map[string]string{"the outputs and the status": s.said.String(), "handler.log": s.HandlerLog(), "command lines": s.lines.text()}
	for name, text := range texts {
		for _, leak := range append(metadata.Leaks(text), found(text, s.secrets)...) {
			s.T.Errorf("the secret %q stands in %s:\n%s", leak, name, around(text, leak))
		}
	}
	secrets := append([]string{metadata.Secret}, s.secrets...)
	for _, line := range s.before.Diff(s.Snapshot(), nil) {
		path := line[2:]
		if line[0] == '-' || slices.Contains(s.planted, path) || strings.HasPrefix(path, metadata.ArcTokens+"/") {
			continue
		}
		content, err := s.ReadFile(path)
		if err != nil {
			continue // a folder, a socket, a removal
		}
		for _, leak := range found(string(content), secrets) {
			s.T.Errorf("the secret %q stands in the file %s", leak, path)
		}
	}
}

func found(text string, secrets []string) []string {
	return slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return !strings.Contains(text, secret) })
}

func around(text, word string) string {
	at := strings.Index(text, word)
	return text[max(0, at-150):min(len(text), at+150)]
}
