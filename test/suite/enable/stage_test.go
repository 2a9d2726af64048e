//go:build rig

// Package enable has the agent run install and enable on throw-away machines: what
// is decided before anything is changed (identity, memory, the older product,
// settings, the ways to the package host), what a healthy machine costs, and the
// scripts. Packages and where they come from are the subject of families, and what
// goes wrong in the middle that of hostile.
package enable

import (
	"os"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// machine is a stage whose every trace is searched for planted secrets at its end.
type machine struct {
	*stage.Stage
	secrets stage.Secrets
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
	t.Cleanup(func() {
		s.lines.stop()
		s.Search(s.secrets, s.before, map[string]string{"command lines": s.lines.text()})
	})
	return s
}

// machines are one of each family of package managers with FAMILIES=all, else the first.
func machines() []roots.Persona {
	all := []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")}
	if os.Getenv("FAMILIES") != "all" {
		return all[:1]
	}
	return all
}

func (s *machine) apt() bool    { return s.Target.Manager == distro.Apt }
func (s *machine) zypper() bool { return s.Target.Manager == distro.Zypper }

// read is the content of a file; "" where it cannot be read.
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

// unchanged fails the test where anything of the machine was written since a snapshot,
// but by the agent and in the places that are named.
func (s *machine) unchanged(since box.Snapshot, but ...string) {
	s.T.Helper()
	s.Unchanged(since, append(but, agentrun.Lib, "/var/log/azure", "/run")...)
}
