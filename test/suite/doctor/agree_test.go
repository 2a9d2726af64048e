//go:build rig

package doctor_test

import (
	"os"
	"testing"
	"time"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/planned"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// undecided are machines on which plan and enable once had different results, in addition
// to those of doctor's table.
func undecided() []broken {
	damagedKey := func(s *machine) {
		s.WriteMode(stage.Home+"/config/0.settings", agentrun.Public(damagedKey), 0o600)
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
			breakIt: func(s *machine) {
				s.Write("/etc/apt/sources.list.d/microsoft-prod.list", "deb [trusted=yes] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n")
			}, code: 27},
		{section: "Packages", machine: "removed", options: jammy(), breakIt: script("dpkg --purge aadsshlogin >/dev/null 2>&1")},
	}
}

const damagedKey = `{"repository": {"trustedKeys": ["-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n-----END PGP PUBLIC KEY BLOCK-----"]}}`

// TestPlanAgreesWithEnable: on every broken machine of the table, plan says how enable then
// ends, and has its steps. The suite signin compares the machines of the sign-in matrix.
func TestPlanAgreesWithEnable(t *testing.T) {
	for i, b := range append(undecided(), machines(t)...) {
		if i >= len(undecided()) && i%16 != 0 && os.Getenv("MACHINES") == "" { // make plans runs all
			continue
		}
		if b.section == foreign || b.section == gone { // there is no enable to compare with
			continue
		}
		t.Run(b.section+"/"+b.machine, func(t *testing.T) {
			t.Parallel()
			s := b.setRegistered(t)
			plan, said := planned.Ask(t, s.Scene, program)
			validate(t, "plan.schema.json", said)
			if i < len(undecided()) && plan.Code() != b.code {
				t.Errorf("plan ends with %d, not %d: %s", plan.Code(), b.code, said)
			}
			before := len(s.HandlerLog())
			goal := s.Goal()
			if text, err := s.ReadFile(stage.Home + "/config/0.settings"); err == nil {
				goal.Settings = string(text)
			}
			report, err := s.Agent.Apply(t.Context(), goal)
			s.Must(err)
			enable := report.Runs[len(report.Runs)-1]
			planned.Agree(t, s.Scene, plan, enable, s.HandlerLog()[before:])
		})
	}
}

// setRegistered is set on a machine on which the agent has registered the extension:
// without its folder plan has no settings to read.
func (b broken) setRegistered(t *testing.T) *machine {
	t.Helper()
	b.options.Timeout = 25 * time.Second // nobody should wait for a held lock
	if !b.fresh {
		return b.set(t, nil)
	}
	breakIt := b.breakIt
	b.breakIt = func(s *machine) {
		s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
		_, err := s.Agent.Apply(t.Context(), s.Goal()) // is refused
		s.Must(err)
		s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
		if breakIt != nil {
			breakIt(s)
		}
	}
	return b.set(t, nil)
}
