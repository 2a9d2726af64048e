// Package stage is a scene in a test: the starting point for tests of the handler, with
// their few steps and checks. A failed check ends the test and shows what the handler
// logged. Its Shell runs scripts on any kind of machine.
package stage

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/planned"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// Home is the folder of the default version, and Logs the folder of its logs.
const (
	Home = agentrun.Lib + "/" + agentrun.Handler + "-" + scene.HandlerVersion
	Logs = "/var/log/azure/" + agentrun.Handler
)

// Stage is the machine of a test.
type Stage struct {
	*scene.Scene
	Shell
	Persona   roots.Persona
	GoalState agentrun.Goal // what Apply makes the agent process
	said      *strings.Builder
}

// New starts a machine, by default an Ubuntu 22.04. It ends with the test, which fails on
// an unexpected request. With PLANS=all, plan is compared with each install and enable
// there.
func New(t testing.TB, o scene.Options) *Stage {
	t.Helper()
	if o.Persona.Name == "" {
		o.Persona = roots.Ubuntu("22.04")
	}
	s := &Stage{Scene: scene.New(t, o), Persona: o.Persona, said: new(strings.Builder)}
	s.Shell = *On(t, s.Box)
	s.Log = s.Changes
	s.GoalState = s.Goal()
	if os.Getenv("PLANS") == "all" {
		planned.EachRun(t, s.Scene)
	}
	return s
}

// Unforeseen is for a machine on which something happens during enable: plan is not
// compared with the runs that follow. The reason says what no plan can know.
func (s *Stage) Unforeseen(reason string) {
	s.T.Logf("plan is not compared from here on: %s", reason)
	s.Agent.Before = nil
}

// In is the stage for a subtest.
func (s *Stage) In(t testing.TB) *Stage {
	part := *s
	part.T = t
	return &part
}

// Set gives the extension other public settings, with the next goal state.
func (s *Stage) Set(public string) { s.SetFile(agentrun.Public(public)) }

// SetFile is Set with the whole content of the settings file.
func (s *Stage) SetFile(settings string) {
	s.GoalState.Sequence++
	s.GoalState.Settings = settings
}

// Write writes a file that everybody may read.
func (s *Stage) Write(name, content string) {
	s.T.Helper()
	s.WriteMode(name, content, 0o644)
}

// WriteMode writes a file with a mode.
func (s *Stage) WriteMode(name, content string, mode fs.FileMode) {
	s.T.Helper()
	s.Must(s.WriteFile(name, []byte(content), mode))
}

// Offer replaces the content of the vendor's repository.
func (s *Stage) Offer(packages ...fixtures.Spec) {
	s.T.Helper()
	s.OfferAt(s.Target.Repository.Path, nil, packages...)
}

// OfferAt serves a repository at a path of the package host, signed with a key; nil is the
// key of the tests, which the tests' handler trusts.
func (s *Stage) OfferAt(path string, key *keys.Key, packages ...fixtures.Spec) {
	s.T.Helper()
	s.Must(s.Scene.Offer(s.T.Context(), rig.Options{Persona: s.Persona, Path: path, Suite: s.Target.Repository.Suite, Packages: packages, Key: key}))
}

// Deliver puts the unpacked extension on the machine as an installed one, without running
// it: the agent then only runs enable.
func (s *Stage) Deliver() {
	s.T.Helper()
	s.Must(agentrun.Unpack(s.Box, s.GoalState))
	s.Must(agentrun.Record(s.Box, s.GoalState.Version, "Installed"))
}

// Installed is the version of a package according to the package database, "" if it is not
// completely installed.
func (s *Stage) Installed(name string) string {
	s.T.Helper()
	if s.Persona.Family != roots.Apt {
		r, err := s.Run(s.T.Context(), nil, "rpm", "-q", "--qf", "%{VERSION}", name)
		s.Must(err)
		if r.ExitCode != 0 {
			return ""
		}
		return strings.TrimSpace(string(r.Stdout))
	}
	state, version, _ := strings.Cut(strings.TrimSpace(s.Sh("dpkg-query -W -f '${db:Status-Status} ${Version}' "+name+" 2>/dev/null || true")), " ")
	if state != "installed" {
		return ""
	}
	return version
}

// Has ends the test unless a package is installed in a version; "" means not installed.
func (s *Stage) Has(name, version string) {
	s.T.Helper()
	if got := s.Installed(name); got != version {
		s.Fatal("%s is at version %q, want %q", name, got, version)
	}
}

// Changes are the lines of handler.log about anything but reading.
func (s *Stage) Changes() string {
	var b strings.Builder
	for line := range strings.Lines(s.HandlerLog()) {
		if !strings.Contains(line, "level=debug") && !strings.Contains(line, "msg=\"check ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// SSHD starts the SSH service: without it nobody can sign in, and the handler promises
// nothing.
func (s *Stage) SSHD() {
	s.Sh(scene.StartSSHD)
}
