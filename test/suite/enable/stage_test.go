//go:build rig

// Package enable accepts the main job on the family of Debian and Ubuntu: real
// apt on throw-away machines, and the handler run as the agent runs it.
package enable

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/rig"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// home is the folder of the version that the tests run, logs that of its logs.
var (
	home = agentrun.Dir(scene.HandlerVersion)
	logs = "/var/log/azure/" + agentrun.Handler
)

// stage is a machine of the release that the tests of this package run on.
func stage(t *testing.T, o scene.Options) *scene.Scene {
	t.Helper()
	if o.Persona.Name == "" {
		o.Persona = roots.Ubuntu("22.04")
	}
	return scene.New(t, o)
}

// apply has the agent process a goal state and returns what came of its last
// command.
func apply(t *testing.T, s *scene.Scene) (agentrun.Run, agentrun.Report) {
	t.Helper()
	report, err := s.Agent.Apply(t.Context(), s.Goal())
	if err != nil {
		t.Fatal(err)
	}
	return report.Runs[len(report.Runs)-1], report
}

// want fails the test unless enable ended with the code, and the status that
// the agent would report agrees and says all of the texts.
func want(t *testing.T, s *scene.Scene, code int, texts ...string) agentrun.Report {
	t.Helper()
	run, report := apply(t, s)
	if run.Operation != "enable" || run.ExitCode != code {
		t.Errorf("%s ended with %d, want enable with %d\n%s%s", run.Operation, run.ExitCode, code, run.Stdout, run.Stderr)
	}
	agrees(t, run, report)
	for _, text := range texts {
		if report.Extension != nil && !strings.Contains(report.Extension.Message, text) {
			t.Errorf("the status does not say %q: %s", text, report.Extension.Message)
		}
	}
	if t.Failed() {
		t.Logf("handler.log:\n%s", s.HandlerLog())
	}
	return report
}

// agrees fails the test unless the status is terminal, is one that the agent
// takes, and says the same as the exit code.
func agrees(t *testing.T, run agentrun.Run, report agentrun.Report) {
	t.Helper()
	e := report.Extension
	level := "error"
	if run.ExitCode == 0 {
		level = "success"
	}
	switch {
	case e == nil || e.FromAgent:
		t.Errorf("exit %d, and no status file", run.ExitCode)
	case e.Invalid != "" || e.StopsOther:
		t.Errorf("the agent refuses the status: %s", e.Invalid)
	case e.Status != level || e.Code != run.ExitCode:
		t.Errorf("exit %d, but the status is %s %d", run.ExitCode, e.Status, e.Code)
	}
}

// deliver puts the unpacked extension on the machine as one that is installed
// already, without running anything of it: the agent then runs enable alone.
func deliver(t *testing.T, s *scene.Scene) {
	t.Helper()
	files := map[string][]byte{
		home + "/HandlerEnvironment.json": []byte(agentrun.Environment(scene.HandlerVersion)),
		home + "/config/HandlerState":     []byte("Installed"),
	}
	for name, f := range s.Package() {
		files[home+"/"+name] = f.Data
	}
	for name, content := range files {
		write(t, s, name, string(content), 0o744)
	}
	for folder, mode := range map[string]fs.FileMode{home + "/status": 0o700, home + "/config": 0o700, logs: 0o755, logs + "/events": 0o700} {
		ok(t, s.MkdirAll(folder, 0o755))
		ok(t, s.Chmod(folder, mode))
	}
}

// snapshot is everything that was ever written to the machine.
func snapshot(t *testing.T, s *scene.Scene) box.Snapshot {
	t.Helper()
	snap, err := s.Snapshot()
	ok(t, err)
	return snap
}

// unchanged fails the test where the machine differs from before in more than
// what a run may write at any time, and the paths (with what is below them) of
// but.
func unchanged(t *testing.T, s *scene.Scene, before box.Snapshot, but ...string) {
	t.Helper()
	ours := append([]string{home + "/status", home + "/config", logs, "/run/aadsshlogin-handler.lock"}, but...)
	parents := []string{"/run"} // whose time changes with what is in them
	for _, o := range but {
		parents = append(parents, path.Dir(o))
	}
	later := snapshot(t, s)
	for _, line := range before.Diff(later, func(p string) bool {
		// A folder of the layers below shows as soon as something in it was written.
		if _, was := before[p]; !was && strings.HasPrefix(later[p], "d") && below(t, s, p) {
			return true
		}
		return slices.Contains(parents, p) || slices.ContainsFunc(ours, func(o string) bool { return p == o || strings.HasPrefix(p, o+"/") })
	}) {
		t.Errorf("the machine was changed: %s", line)
	}
}

// below reports whether the machine had the folder from the beginning.
func below(t *testing.T, s *scene.Scene, folder string) bool {
	t.Helper()
	layers, err := roots.Ubuntu("22.04").Layers(t.Context(), s.Cache)
	ok(t, err)
	return slices.ContainsFunc(layers, func(layer string) bool {
		info, err := os.Lstat(path.Join(layer, folder))
		return err == nil && info.IsDir()
	})
}

// offer replaces what is in the repository.
func offer(t *testing.T, s *scene.Scene, packages ...fixtures.Spec) {
	t.Helper()
	ok(t, s.Offer(t.Context(), rig.Options{Persona: roots.Ubuntu("22.04"), Path: s.Target.Repository.Path,
		Suite: s.Target.Repository.Suite, Packages: packages}))
}

// shell runs a script on the machine and returns what it printed.
func shell(t *testing.T, s *scene.Scene, script string) string {
	t.Helper()
	r, err := s.Run(t.Context(), nil, "sh", "-ec", script)
	ok(t, err)
	if r.ExitCode != 0 {
		t.Fatalf("%s: exit %d\n%s", script, r.ExitCode, r.Output())
	}
	return string(r.Stdout)
}

func write(t *testing.T, s *scene.Scene, name, content string, mode fs.FileMode) {
	t.Helper()
	ok(t, s.WriteFile(name, []byte(content), mode))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// warns finds a warning by the name of its check.
func warns(name string) func(agentrun.Substatus) bool {
	return func(s agentrun.Substatus) bool { return s.Name == name && s.Status == "warning" }
}
