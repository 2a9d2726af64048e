package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// The versions of the packages and of the extension that the matrix uses.
const (
	olderPackage  = "1.0.031620001"
	newerPackage  = "1.0.033070001"
	legacyPackage = "1.0.015280001"
	newerHandler  = "1.0.2.0"
)

// scenario is one operation on machines of one distribution.
type scenario struct {
	name     string
	persona  roots.Persona
	packages []fixtures.Spec
	// prepared is the machine on which every case begins.
	prepared preparation
	// act is the operation, which is repeated after a kill.
	act func(context.Context, *stage) (agentrun.Report, error)
	// removes: the extension is gone at the end.
	removes bool
	// repeats: the operation leaves the machine as it found it.
	repeats bool
}

func (s scenario) String() string { return s.persona.Name + " " + s.name }

// preparation prepares a machine. Scenarios with the same one begin on the same machine.
type preparation struct {
	name string // "": a fresh machine
	run  func(context.Context, *stage) error
}

// personas are one of each family of package managers.
func personas() []roots.Persona {
	return []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")}
}

// scenarios are the operations in an extension's life, setup and remove, and a check of the
// watch.
func scenarios(p roots.Persona) []scenario {
	older := preparation{"installed", installOlder}
	setup := preparation{"set up", setUp()}
	login := func(version string) fixtures.Spec { return fixtures.Spec{Name: fixtures.Login, Version: version} }
	return []scenario{
		{name: "install", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			act: enable(scene.HandlerVersion, 0)},
		// install could do nothing, so enable does everything.
		{name: "enable", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			prepared: preparation{"without identity", installWithoutIdentity}, act: enable(scene.HandlerVersion, 0)},
		{name: "upgrade", persona: p, packages: []fixtures.Spec{login(olderPackage), login(newerPackage)},
			prepared: older, act: enable(newerHandler, 1)},
		{name: "migration", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			prepared: preparation{"legacy", installLegacy}, act: enable(scene.HandlerVersion, 0)},
		{name: "uninstall", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			prepared: older, act: uninstall, removes: true},
		{name: "setup", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			act: person("setup")},
		{name: "remove", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			prepared: setup, act: person("remove"), removes: true},
		// The extension takes a machine over from setup, and gives it back.
		{name: "takeover", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			prepared: setup, act: enable(scene.HandlerVersion, 0)},
		{name: "return", persona: p, packages: []fixtures.Spec{login(newerPackage)},
			prepared: preparation{"taken over", setUp(enable(scene.HandlerVersion, 0))}, act: uninstall, removes: true},
		{name: "watch", persona: p, packages: []fixtures.Spec{login(olderPackage)},
			prepared: older, act: person("watch"), repeats: true},
		// The agent runs this whenever it starts.
		{name: "healthy enable", persona: p, packages: []fixtures.Spec{login(olderPackage)},
			prepared: older, act: enable(scene.HandlerVersion, 0), repeats: true},
	}
}

// enable makes the agent process a goal state with the extension.
func enable(version string, sequence int) func(context.Context, *stage) (agentrun.Report, error) {
	return func(ctx context.Context, s *stage) (agentrun.Report, error) {
		return s.Agent.Apply(ctx, s.goal(version, sequence))
	}
}

// uninstall makes the agent process a goal state without the extension. The agent removes
// the handler's folder whatever the result of its command, so for a second run the folder
// is restored first.
func uninstall(ctx context.Context, s *stage) (agentrun.Report, error) {
	home, kept := agentrun.Dir(scene.HandlerVersion), faultsDir+"/home"
	if _, err := s.Script(ctx, fmt.Sprintf("if [ -d %[1]s ]; then rm -rf %[2]s; cp -a %[1]s %[2]s; else cp -a %[2]s %[1]s; fi", home, kept)); err != nil {
		return agentrun.Report{}, err
	}
	return s.Agent.Uninstall(ctx, s.goal(scene.HandlerVersion, 0))
}

// installOlder prepares a machine with the extension and the older package.
func installOlder(ctx context.Context, s *stage) error {
	if err := s.offer(ctx, fixtures.Spec{Name: fixtures.Login, Version: olderPackage}); err != nil {
		return err
	}
	report, err := s.Agent.Apply(ctx, s.goal(scene.HandlerVersion, 0))
	if err != nil {
		return err
	}
	if wrong := verdictOf(report, false); wrong != "" {
		return fmt.Errorf("the machine could not be prepared: %s\n%s", wrong, s.HandlerLog())
	}
	return nil
}

// installWithoutIdentity prepares a machine on which the agent installed the extension
// while there was no identity yet.
func installWithoutIdentity(ctx context.Context, s *stage) error {
	s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	report, err := s.Agent.Apply(ctx, s.goal(scene.HandlerVersion, 0))
	if err != nil {
		return err
	}
	if last := report.Runs[len(report.Runs)-1]; last.Operation != "enable" || fault.Code(last.ExitCode) != fault.IdentityMissing {
		return fmt.Errorf("the machine could not be prepared: %s ended with %d\n%s", last.Operation, last.ExitCode, s.HandlerLog())
	}
	return nil
}

// installLegacy prepares a machine with the older product, and without the extension.
func installLegacy(ctx context.Context, s *stage) error {
	build, install := fixtures.RPMs, "rpm -i --nodeps --nosignature"
	if s.apt() {
		build, install = fixtures.Debs, "dpkg --install"
	}
	files, err := build(ctx, s.Cache, fixtures.Spec{Name: fixtures.Legacy, Version: legacyPackage})
	if err != nil {
		return err
	}
	inside := faultsDir + "/" + filepath.Base(files[0])
	if err := s.CopyIn(files[0], inside, 0o644); err != nil {
		return err
	}
	_, err = s.Script(ctx, install+" "+inside)
	return err
}

func (s *stage) apt() bool { return s.Exists("/usr/bin/dpkg") }

// layer prepares the machine of a scenario and saves it as a layer in dir, or finds it
// there.
func (sc scenario) layer(ctx context.Context, dir string, handler []byte) (layer string, err error) {
	if sc.prepared.run == nil {
		return "", nil
	}
	layer = filepath.Join(dir, strings.ReplaceAll(sc.persona.Name+" "+sc.prepared.name, " ", "-"))
	if err := os.Mkdir(layer, 0o755); errors.Is(err, fs.ErrExist) {
		return layer, nil
	} else if err != nil {
		return "", err
	}
	defer func() {
		if err != nil { // nothing may begin on half a machine
			err = errors.Join(err, os.RemoveAll(layer))
		}
	}()
	s, err := newStage(ctx, stageOptions{persona: sc.persona, packages: sc.packages, handler: handler})
	if err != nil {
		return "", err
	}
	defer s.Close()
	if err := sc.prepared.run(ctx, s); err != nil {
		return "", err
	}
	return layer, s.Save(ctx, layer)
}
