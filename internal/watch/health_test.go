package watch

import (
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/systemd"
)

func TestAssess(t *testing.T) {
	well := func() []systemd.UnitState {
		return []systemd.UnitState{
			{Name: timerUnit, Load: "loaded", Active: "active", File: "enabled"},
			{Name: pathUnit, Load: "loaded", Active: "active", File: "enabled"},
			{Name: lookUnit, Load: "loaded", Active: "inactive", File: "static"},
			{Name: repairUnit, Load: "loaded", Active: "inactive", File: "static"},
		}
	}
	if r := assess(well()); r.Answer != check.Pass {
		t.Errorf("a watch that is well: %+v", r)
	}
	for name, c := range map[string]struct {
		change    func([]systemd.UnitState)
		says, run string
	}{
		"stopped":     {func(u []systemd.UnitState) { u[0].Active = "inactive" }, timerUnit + " is inactive", "systemctl enable --now " + timerUnit},
		"path failed": {func(u []systemd.UnitState) { u[1].Active = "failed" }, pathUnit + " is failed", "systemctl enable --now " + pathUnit},
		"disabled":    {func(u []systemd.UnitState) { u[0].File = "disabled" }, "is not started with the machine", "systemctl enable --now"},
		"masked":      {func(u []systemd.UnitState) { u[0].Load, u[0].Active = "masked", "inactive" }, "is masked", "sudo systemctl unmask " + timerUnit + fault.ThenAgain},
		"look masked": {func(u []systemd.UnitState) { u[2].Load = "masked" }, lookUnit + " is masked", "sudo systemctl unmask " + lookUnit},
		"no repair":   {func(u []systemd.UnitState) { u[3].Load = "masked" }, repairUnit + " is masked", "sudo systemctl unmask " + repairUnit},
		"deleted":     {func(u []systemd.UnitState) { u[1].Load = "not-found" }, pathUnit + " is missing", fault.AgainFirst},
		"never due":   {func(u []systemd.UnitState) { u[0].Sub = "elapsed" }, timerUnit + " is never due again", "sudo systemctl restart " + timerUnit},
		"look failed": {func(u []systemd.UnitState) { u[2].Active = "failed" }, lookUnit + " is failed", "journalctl"},
	} {
		units := well()
		c.change(units)
		if r := assess(units); r.Answer != check.Warn || !strings.Contains(r.Text, c.says) || !strings.Contains(r.Next, c.run) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
