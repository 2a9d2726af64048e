//go:build rig

// Package enable makes the agent run install and enable on throw-away machines: the
// decisions before anything is changed (identity, memory, the older product, settings,
// access to the package host), the cost of a healthy machine, and the scripts. Packages and
// their sources are tested in families, faults in the middle of a run in hostile.
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

// machine is a stage whose files and outputs are searched for planted secrets at its end.
type machine struct {
	*stage.Stage
	secrets stage.Secrets
	lines   *commandLines
	before  box.Snapshot
}

// newMachine starts a machine. prepare may change the machine before the first snapshot.
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

// machines are one of each family of package managers with FAMILIES=all, otherwise the
// first.
func machines() []roots.Persona {
	all := []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")}
	if os.Getenv("FAMILIES") != "all" {
		return all[:1]
	}
	return all
}

func (s *machine) apt() bool    { return s.Target.Manager == distro.Apt }
func (s *machine) zypper() bool { return s.Target.Manager == distro.Zypper }

// read is the content of a file; "" if it cannot be read.
func (s *machine) read(path string) string {
	b, err := s.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// below is a path of the repository on the package host.
func (s *machine) below(path string) string {
	return strings.TrimSuffix(s.Target.Repository.Path, "/") + path
}

// unchanged fails the test if anything on the machine was written since a snapshot, except
// by the agent and in the named places.
func (s *machine) unchanged(since box.Snapshot, but ...string) {
	s.T.Helper()
	s.Unchanged(since, append(but, agentrun.Lib, "/var/log/azure", "/run")...)
}
