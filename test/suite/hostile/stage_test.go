//go:build rig

// Package hostile runs the handler under faults: killed at the wrong moment, without disk
// space, with a faulty network, and with leftovers of other programs.
package hostile

import (
	"path"
	"testing"

	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// Versions of the package, older to newer.
const (
	older = "1.0.031620001"
	newer = scene.Version
)

// machine is a stage with the steps of these tests.
type machine struct{ *stage.Stage }

func newMachine(t *testing.T, o scene.Options) *machine {
	t.Helper()
	return &machine{stage.New(t, o)}
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

// readOnly mounts a folder of the machine over itself, read-only.
func (s *machine) readOnly(folder string) {
	s.T.Helper()
	s.Shf("mount --bind %[1]s %[1]s && mount -o remount,ro,bind %[1]s", path.Clean(folder))
}

// small is a machine whose disk has this size.
func small(size string) box.Options { return box.Options{Size: size} }
