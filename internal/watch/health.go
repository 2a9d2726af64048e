package watch

import (
	"context"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/systemd"
)

// Health reports whether the installed watch works, according to systemd; nil if there is
// none, or if systemd does not answer.
func Health(ctx context.Context, h *host.Host) []check.Result {
	if h.Root != "" || !There(h) || !systemd.Running() {
		return nil
	}
	var units []systemd.UnitState
	for _, name := range append(started(), lookUnit) {
		u, err := systemd.State(ctx, name)
		if err != nil {
			return nil
		}
		units = append(units, u)
	}
	return []check.Result{assess(units)}
}

// assess judges the units that start checks, and the unit of the check itself.
func assess(units []systemd.UnitState) check.Result {
	for _, u := range units {
		look := u.Name == lookUnit
		so, next := u.Active, seeLooks
		switch {
		case u.Load == "masked":
			so, next = "masked", "Run: sudo systemctl unmask "+u.Name
		case look && u.Active != "failed", u.IsActive() && u.File == "enabled":
			continue
		case u.IsActive():
			so = "not started with the machine"
		}
		if !look {
			next = "Run: sudo systemctl unmask " + u.Name + " && sudo systemctl enable --now " + u.Name
		}
		return check.Result{Answer: check.Warn, Text: "Not every check of this machine is made: " + u.Name + " is " + so + ".", Next: next}
	}
	return check.Result{Text: "This machine is checked from time to time, and when a file that matters changes."}
}
