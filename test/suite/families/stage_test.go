//go:build rig

// Package families tests the handler with every family of distributions: the agent's
// operations on throw-away machines with the real package managers.
package families

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// Versions of the fixture package, oldest first. pinned is the one for SUSE before 15.6.
const (
	pinned = "1.0.027980001"
	older  = "1.0.031620001"
	newer  = "1.0.033070001"
	newest = "1.0.034210009"
)

// each runs a test for every release, each on a separate machine.
func each(t *testing.T, releases []string, o scene.Options, test func(m machine)) {
	t.Helper()
	for _, r := range releases {
		t.Run(r, func(t *testing.T) {
			t.Parallel()
			test(start(t, r, o))
		})
	}
}

// machine is a stage with the steps of these tests.
type machine struct{ *stage.Stage }

func start(t *testing.T, release string, o scene.Options) machine {
	t.Helper()
	o.Persona = stage.Release(t, release)
	if o.Packages == nil {
		o.Packages = login(newer)
	}
	m := machine{stage.New(t, o)}
	m.ImageKeys()
	before := m.Snapshot()
	t.Cleanup(func() { m.Search(stage.Secrets{}, before, nil) })
	return m
}

// login is aadsshlogin in some versions, as fixtures.
func login(versions ...string) []fixtures.Spec {
	var specs []fixtures.Spec
	for _, v := range versions {
		specs = append(specs, fixtures.Spec{Name: fixtures.Login, Version: v})
	}
	return specs
}

// update makes the agent change to another version of the extension.
func (m *machine) update(version string) { m.GoalState.Version = version }

// calm fails the test if the status warns about the packages or their source.
func (m machine) calm(v stage.Verdict) {
	m.T.Helper()
	for _, s := range v.Report.Extension.Substatus {
		if s.Status != "success" && (s.Name == "packages" || s.Name == "repository") {
			m.Fatal("%s: %s %s", s.Name, s.Status, s.Message)
		}
	}
}

// registered reports whether sshd itself shows the package's settings.
func (m machine) registered() bool {
	m.T.Helper()
	return strings.Contains(m.Sh("sshd -T -C user=someone@example.com,host=h,addr=10.0.0.1 2>/dev/null || true"), "aad_certhandler")
}
