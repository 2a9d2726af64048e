//go:build rig

// Package families accepts the handler on every family of distributions: the
// agent's operations on throw-away machines with the real package managers.
package families

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/keys"
	"aadsshlogin-handler/test/lib/rig"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// Versions of the fixture package, oldest first. pinned is the one that SUSE
// before 15.6 stays at.
const (
	pinned = "1.0.027980001"
	older  = "1.0.031620001"
	newer  = "1.0.033070001"
	newest = "1.0.034210009"
)

// release is one release that is acted on: its userland and, by the name of
// the fixture in distro/testdata/os-release, what it calls itself.
type release struct {
	name   string // of the fixture; "": the userland's own
	suite  roots.Suite
	family roots.Family
}

// persona makes the release a machine.
func (r release) persona(t *testing.T) roots.Persona {
	t.Helper()
	if r.name == "" {
		return roots.Debian(r.suite)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "distro", "testdata", "os-release", r.name))
	ok(t, err)
	return roots.Like(r.name, r.suite, r.family, string(text))
}

func (r release) String() string {
	if r.name == "" {
		return "debian-" + string(r.suite)
	}
	return r.name
}

// one release of each version of each package manager that is here.
func managers() []release {
	return []release{
		{"", roots.Bullseye, roots.Apt},
		{"", roots.Bookworm, roots.Apt},
		{"", roots.Trixie, roots.Apt},
		{"rhel-8.10", roots.Bullseye, roots.Dnf},
		{"rhel-9.4", roots.Bookworm, roots.Dnf},
		{"rhel-10.0", roots.Trixie, roots.Dnf},
		{"rhel-11.0", roots.Forky, roots.Dnf},
		{"azurelinux-4.0", roots.Forky, roots.Dnf},
		{"rhel-7.9", roots.Bullseye, roots.Yum},
		{"azurelinux-3.0", roots.Bookworm, roots.Tdnf},
		{"leap-15.6", roots.Bookworm, roots.Zypper},
		{"sles-15.6", roots.Trixie, roots.Zypper},
	}
}

// typical is one release of each package manager that is real.
func typical() []release {
	return []release{
		{"ubuntu-22.04", roots.Bookworm, roots.Apt},
		{"rhel-9.4", roots.Bookworm, roots.Dnf},
		{"sles-15.6", roots.Trixie, roots.Zypper},
	}
}

// kinds is one release of each package manager, stand-ins included.
func kinds() []release {
	return append(typical(), release{"rhel-7.9", roots.Bullseye, roots.Yum}, release{"azurelinux-3.0", roots.Bookworm, roots.Tdnf},
		release{"azurelinux-4.0", roots.Forky, roots.Dnf})
}

// others are the releases that managers leaves out.
func others() []release {
	return []release{
		{"ubuntu-16.04", roots.Bullseye, roots.Apt},
		{"ubuntu-18.04", roots.Bullseye, roots.Apt},
		{"ubuntu-20.04", roots.Bullseye, roots.Apt},
		{"ubuntu-22.04", roots.Bookworm, roots.Apt},
		{"ubuntu-24.04", roots.Trixie, roots.Apt},
		{"almalinux-8.10", roots.Bullseye, roots.Dnf},
		{"almalinux-9.4", roots.Bookworm, roots.Dnf},
		{"rocky-8.9", roots.Bullseye, roots.Dnf},
		{"rocky-9.6", roots.Bookworm, roots.Dnf},
		{"oracle-8.9", roots.Bullseye, roots.Dnf},
		{"oracle-9.3", roots.Bookworm, roots.Dnf},
		{"centos-7", roots.Bullseye, roots.Yum},
		{"centos-8", roots.Bullseye, roots.Dnf},
		{"mariner-2.0", roots.Bullseye, roots.Tdnf},
		{"sles-12.5", roots.Bookworm, roots.Zypper},
		{"sles-sap-15.5", roots.Bookworm, roots.Zypper},
		{"leap-15.5", roots.Bookworm, roots.Zypper},
	}
}

// each runs a test on a machine of its own for every release.
func each(t *testing.T, releases []release, o scene.Options, test func(m machine)) {
	t.Helper()
	for _, r := range releases {
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			test(start(t, r, o))
		})
	}
}

// machine is a scene with what a test does on it.
type machine struct {
	*scene.Scene
	t       *testing.T
	persona roots.Persona
	goal    agentrun.Goal
}

func start(t *testing.T, r release, o scene.Options) machine {
	t.Helper()
	o.Persona = r.persona(t)
	if o.Packages == nil {
		o.Packages = login(newer)
	}
	s := scene.New(t, o)
	m := machine{Scene: s, t: t, persona: o.Persona, goal: s.Goal()}
	if image := s.Target.Repository.OnImage; image != nil {
		for _, key := range image.Keys {
			m.write(key, string(keys.Rig().Public))
		}
	}
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

// offer replaces what is in the vendor's repository.
func (m machine) offer(packages ...fixtures.Spec) {
	m.offerAt(m.Target.Repository.Path, nil, packages...)
}

// offerAt serves a repository at a path of the package host.
func (m machine) offerAt(path string, key *keys.Key, packages ...fixtures.Spec) {
	m.t.Helper()
	ok(m.t, m.Offer(m.t.Context(), rig.Options{Persona: m.persona, Path: path, Suite: m.Target.Repository.Suite, Packages: packages, Key: key}))
}

// set changes the settings of the extension, as a new goal state does.
func (m *machine) set(settings string) {
	m.goal.Sequence++
	m.goal.Settings = agentrun.Public(settings)
}

// update has the agent move to another version of the extension.
func (m *machine) update(version string) { m.goal.Version = version }

// want has the agent process the goal state, and fails the test unless enable
// ended with the code and the status agrees and says all of the texts.
func (m machine) want(code int, texts ...string) agentrun.Report {
	m.t.Helper()
	report, err := m.Agent.Apply(m.t.Context(), m.goal)
	ok(m.t, err)
	run := report.Runs[len(report.Runs)-1]
	level := "error"
	if code == 0 {
		level = "success"
	}
	e := report.Extension
	switch {
	case run.Operation != "enable" || run.ExitCode != code:
		m.fatal("%s ended with %d, want enable with %d\n%s%s", run.Operation, run.ExitCode, code, run.Stdout, run.Stderr)
	case e == nil || e.FromAgent || e.Invalid != "":
		m.fatal("no status that the agent takes: %+v", e)
	case e.Status != level || e.Code != code:
		m.fatal("exit %d, but the status is %s %d", code, e.Status, e.Code)
	}
	for _, text := range texts {
		if !strings.Contains(e.Message, text) {
			m.fatal("the status does not say %q: %s", text, e.Message)
		}
	}
	return report
}

// warned fails the test unless the status has a warning of that name that says
// all of the texts.
func (m machine) warned(report agentrun.Report, name string, texts ...string) {
	m.t.Helper()
	for _, s := range report.Extension.Substatus {
		if s.Name == name && s.Status == "warning" {
			for _, text := range texts {
				if !strings.Contains(s.Message, text) {
					m.fatal("the warning %s does not say %q: %s", name, text, s.Message)
				}
			}
			return
		}
	}
	m.fatal("no warning %s: %+v", name, report.Extension.Substatus)
}

// calm fails the test where the status warns of the packages or of where they
// come from.
func (m machine) calm(report agentrun.Report) {
	m.t.Helper()
	for _, s := range report.Extension.Substatus {
		if s.Status != "success" && (s.Name == "packages" || s.Name == "repository") {
			m.fatal("%s: %s %s", s.Name, s.Status, s.Message)
		}
	}
}

// has fails the test unless the package database says that version; "" is none.
func (m machine) has(name, version string) {
	m.t.Helper()
	if got := m.version(name); got != version {
		m.fatal("%s is at version %q, want %q", name, got, version)
	}
}

// version asks the package database itself, not by way of the handler.
func (m machine) version(name string) string {
	m.t.Helper()
	argv := []string{"rpm", "-q", "--qf", "%{VERSION}", name}
	if m.Target.Manager == distro.Apt {
		argv = []string{"dpkg-query", "-W", "-f", "${Version}", name}
	}
	r, err := m.Run(m.t.Context(), nil, argv...)
	ok(m.t, err)
	if r.ExitCode != 0 {
		return ""
	}
	return strings.TrimSpace(string(r.Stdout))
}

// registered reports whether sshd itself shows the package at work.
func (m machine) registered() bool {
	m.t.Helper()
	return strings.Contains(m.sh("sshd -T -C user=someone@example.com,host=h,addr=10.0.0.1 2>/dev/null || true"), "aad_certhandler")
}

// sh runs a script on the machine and returns what it printed.
func (m machine) sh(script string) string {
	m.t.Helper()
	r, err := m.Run(m.t.Context(), nil, "sh", "-ec", script)
	ok(m.t, err)
	if r.ExitCode != 0 {
		m.fatal("%s: exit %d\n%s", script, r.ExitCode, r.Output())
	}
	return string(r.Stdout)
}

func (m machine) write(name, content string) {
	m.t.Helper()
	ok(m.t, m.WriteFile(name, []byte(content), 0o644))
}

// fatal fails the test and shows what the handler did.
func (m machine) fatal(format string, args ...any) {
	m.t.Helper()
	m.t.Logf("handler.log:\n%s", m.HandlerLog())
	m.t.Fatalf(format, args...)
}

// snapshot is everything that was ever written to the machine.
func (m machine) snapshot() box.Snapshot {
	m.t.Helper()
	s, err := m.Snapshot()
	ok(m.t, err)
	return s
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
