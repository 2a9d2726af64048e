package watch

import (
	"context"
	"slices"

	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/systemd"
)

// Health reports whether the installed watch works, according to systemd; nil if there is
// none, or if systemd does not answer.
func Health(ctx context.Context, h *host.Host) []check.Result {
	if h.Root != "" || !systemd.Running() {
		return nil
	}
	there := There(h)
	if _, recorded, err := readRecord(h); err == nil && recorded != there {
		return []check.Result{half(there)}
	}
	if !there {
		return nil
	}
	units, err := systemd.States(ctx, allUnits()...)
	if err != nil {
		return nil
	}
	return []check.Result{assess(units)}
}

// half is the result for a watch of which somebody has deleted the units, or the record of
// what they have to check.
func half(units bool) check.Result {
	missing := "its units are"
	if units {
		missing = "the record of what to check is"
	}
	return incomplete(missing+" missing", fault.AgainFirst+fault.OrRestart+".")
}

// incomplete is the warning of a watch that does not do all of its work.
func incomplete(why, next string) check.Result {
	return check.Result{Name: About().Name, Answer: check.Warn, Text: "Not every check of this machine is made: " + why + ".", Next: next}
}

// unmask is the next step for a masked unit. The mask is in the place of the unit's file,
// so without it there is no unit until a run writes the file again.
func unmask(unit string) string { return "Run: sudo systemctl unmask " + unit + fault.ThenAgain }

// assess judges all units of the watch.
func assess(units []systemd.UnitState) check.Result {
	for _, u := range units {
		so, next := u.Active, "Run: sudo systemctl enable --now "+u.Name
		switch {
		case u.Load == "masked":
			so, next = "masked", unmask(u.Name)
		case u.Load == "not-found":
			so, next = "missing", fault.AgainFirst+fault.OrRestart+"."
		case u.Name == lookUnit && u.Active == "failed":
			next = seeLooks
		case u.Name == timerUnit && u.IsActive() && u.Sub == "elapsed": // after somebody has changed its times
			so, next = "never due again", "Take back what was changed (systemctl cat "+u.Name+" shows it), then: sudo systemctl daemon-reload && sudo systemctl restart "+u.Name
		case !slices.Contains(started(), u.Name), u.IsActive() && u.File == "enabled":
			continue
		case u.IsActive():
			so = "not started with the machine"
		}
		return incomplete(u.Name+" is "+so, next)
	}
	return check.Result{Text: "This machine is checked from time to time, and when a file that matters changes."}
}
