//go:build rig

// Package hostile puts the handler on machines that are against it: killed at
// the wrong moment, starved of disk, lied to by the network, and full of what
// others left.
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

// machine is a stage with what the tests here do on it.
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

// readOnly is a bind of a folder of the machine over itself, read-only.
func (s *machine) readOnly(folder string) {
	s.T.Helper()
	s.Shf("mount --bind %[1]s %[1]s && mount -o remount,ro,bind %[1]s", path.Clean(folder))
}

// small is a machine whose disk has this size.
func small(size string) box.Options { return box.Options{Size: size} }
