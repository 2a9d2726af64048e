//go:build rig

package doctor_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aadsshlogin-handler/internal/doctor"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/metadata"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// undecided are machines on which plan and enable once came to other answers,
// beside those of doctor's table.
func undecided() []broken {
	damagedKey := func(t *testing.T, s *scene.Scene, _ *endpoints) {
		must(t, s.WriteFile(agentDirOf(s)+"/config/0.settings", []byte(agentrun.Public(damagedKey)), 0o600))
	}
	return []broken{
		{section: "Settings", machine: "a damaged key on a machine without the packages", options: jammy(), fresh: true, breakIt: damagedKey, code: 53},
		{section: "Settings", machine: "a damaged key on a machine that works", options: jammy(), breakIt: damagedKey, code: 53},
		{section: "Package database", machine: "rpm was killed", options: scene.Options{Persona: roots.RHEL("7.9")},
			breakIt: script("rpm -qa >/dev/null; yes | head -c 24K > /var/lib/rpm/__db.001")},
		{section: "Package database", machine: "dpkg was killed", options: jammy(),
			breakIt: script("dpkg --purge aadsshlogin >/dev/null 2>&1; sed -i '/^Package: adduser$/,/^$/s/^Status: .*/Status: install ok unpacked/' /var/lib/dpkg/status")},
		{section: "Package database", machine: "dpkg's database is damaged", options: jammy(), breakIt: script("echo rubbish >> /var/lib/dpkg/status"), code: 26},
		{section: "Repository", machine: "an owner's entry that verifies nothing, and no packages", options: jammy(), fresh: true,
			breakIt: func(t *testing.T, s *scene.Scene, _ *endpoints) {
				must(t, s.WriteFile("/etc/apt/sources.list.d/microsoft-prod.list", []byte("deb [trusted=yes] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n"), 0o644))
			}, code: 27},
		{section: "Packages", machine: "removed", options: jammy(), breakIt: script("dpkg --purge aadsshlogin >/dev/null 2>&1")},
	}
}

const damagedKey = `{"repository": {"trustedKeys": ["-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n-----END PGP PUBLIC KEY BLOCK-----"]}}`

// onlyTried are what an operation can end with in spite of a plan without a
// fault: whether a lock is held, a server answers and a disk has room is known
// when it is tried.
func onlyTried() []fault.Code {
	return []fault.Code{fault.RepositoryUnreachable, fault.PackageManagerBusy, fault.PackageManagerFailed, fault.RepositoryUntrusted,
		fault.PackageUnavailable, fault.Disk, fault.StillRunning}
}

// On every broken machine plan says what enable then ends with, and its steps
// are those that enable takes.
func TestPlanAgreesWithEnable(t *testing.T) {
	for _, b := range append(undecided(), ofThePublicPages()...) {
		t.Run(b.section+"/"+b.machine, func(t *testing.T) {
			s := b.setRegistered(t)
			r, err := s.Run(t.Context(), box.Environment(), program, "plan", "--json")
			must(t, err)
			validate(t, "plan.schema.json", r.Stdout)
			var plan doctor.PlanReport
			must(t, json.Unmarshal(r.Stdout, &plan))
			if r.ExitCode != plan.Code() {
				t.Errorf("plan exits with %d and says %d", r.ExitCode, plan.Code())
			}
			if len(undecided()) > 0 && b.check == "" && plan.Code() != b.code {
				t.Errorf("plan ends with %d, not %d: %s", plan.Code(), b.code, r.Stdout)
			}
			before := len(s.HandlerLog())
			goal := s.Goal()
			if text, err := s.ReadFile(agentDirOf(s) + "/config/0.settings"); err == nil {
				goal.Settings = string(text)
			}
			report, err := s.Agent.Apply(t.Context(), goal)
			must(t, err)
			enable := report.Runs[len(report.Runs)-1]
			agree(t, plan, enable, s.HandlerLog()[before:])
		})
	}
}

// agree compares a plan with the run of enable that followed it.
func agree(t *testing.T, plan doctor.PlanReport, enable agentrun.Run, log string) {
	t.Helper()
	if enable.Operation != "enable" {
		t.Fatalf("%s was run last", enable.Operation)
	}
	tried := plan.Refused == nil && len(plan.Steps) > 0 && slices.Contains(onlyTried(), fault.Code(enable.ExitCode))
	if enable.ExitCode != plan.Code() && !tried {
		t.Errorf("plan says %d, enable ends with %d: %s\n%s", plan.Code(), enable.ExitCode, enable.Stdout+enable.Stderr, log)
	}
	var planned, done []string
	for _, step := range plan.Steps {
		planned = append(planned, step.Text)
	}
	for _, m := range regexp.MustCompile(`msg="started: ((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(log, -1) {
		if text := strings.ReplaceAll(m[1], `\"`, `"`); slices.Contains(planned, text) {
			done = append(done, text)
		}
	}
	switch changed := actions(log); {
	case plan.Refused != nil:
		if len(done) > 0 || len(changed["run"]) > 0 || len(changed["write"]) > 0 {
			t.Errorf("plan would change nothing, enable did %q, ran %q and wrote %q", done, changed["run"], changed["write"])
		}
	case !slices.Equal(done, planned[:min(len(done), len(planned))]), !tried && len(done) < len(planned):
		t.Errorf("steps that were planned:\n%s\nand done:\n%s", strings.Join(planned, "\n"), strings.Join(done, "\n"))
	case len(planned) == 0 && len(changed["run"]) > 0:
		t.Errorf("plan has no step, enable ran %q", changed["run"])
	}
}

// setRegistered is set on a machine that the agent has given the extension to:
// without its folder there are no settings that plan could read.
func (b broken) setRegistered(t *testing.T) *scene.Scene {
	t.Helper()
	b.options.Timeout = 25 * time.Second // nobody waits for a lock that is held
	if !b.fresh {
		return b.set(t, nil)
	}
	breakIt := b.breakIt
	b.breakIt = func(t *testing.T, s *scene.Scene, e *endpoints) {
		s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
		_, err := s.Agent.Apply(t.Context(), s.Goal()) // is refused
		must(t, err)
		s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
		if breakIt != nil {
			breakIt(t, s, e)
		}
	}
	return b.set(t, nil)
}
