package decide

import (
	"errors"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/preflight"
	"aadssh/internal/trust"
	"aadssh/pkgmgr"
)

// Decision is what is to be done about a machine, and what will come of it.
type Decision struct {
	Checks   []check.Result // what gates every change
	Verified []check.Result // whether people can sign in, as the machine is now
	Plan     Plan           // also where nothing may be changed: what would be
	// Provisional: the plan makes the package database answer, and nothing else
	// can be decided before it does.
	Provisional bool
	PlanErr     *fault.Fault // why there is no plan
	// Refusal is why nothing may be changed, whatever the plan is.
	Refusal *fault.Fault
	// Doubt is what is not known and keeps a machine from being changed. One on
	// which nothing is to change has none.
	Doubt *fault.Fault
}

// For decides. The same facts give the same decision.
func For(f *facts.Facts, g Goal) Decision {
	d := Decision{Checks: preflight.Run(preflight.Preconditions(), f), Verified: preflight.Run(preflight.Verification(), f)}
	doubt := preflight.Undecided(d.Checks)
	var err error
	d.Plan, err = NewPlan(f, g)
	if err == nil && d.Plan.Has(FetchKey) {
		err = trust.Validate(f.Settings.Repository.KeyFiles()) // before anything is changed, not when the key is needed
	}
	d.PlanErr = fault.Of(err)
	if errors.Is(f.PackagesErr, pkgmgr.ErrInterrupted) && f.TargetErr == nil && doubt == nil {
		d.Provisional = true
		d.Plan.add(Step{Kind: Repair, Text: "repair the package database, which an interrupted package manager left unreadable, and look again"})
	}
	if d.Refusal = preflight.FirstFailure(d.Checks); d.Refusal == nil {
		d.Refusal = d.PlanErr
	}
	if !d.Plan.Empty() {
		d.Doubt = doubt
	}
	return d
}

// Stops is why the plan is not carried out, or nil.
func (d Decision) Stops() *fault.Fault {
	if d.Refusal != nil {
		return d.Refusal
	}
	return d.Doubt
}

// Outlook is what a run ends with if each step does what it is for: nil is a
// machine that people can sign in to. Of a provisional plan nothing is known.
func (d Decision) Outlook() *fault.Fault {
	if stop := d.Stops(); stop != nil || d.Provisional {
		return stop
	}
	var left []check.Result
	for _, r := range d.Verified {
		if d.Plan.Empty() || !r.Package {
			left = append(left, r)
		}
	}
	return preflight.FirstFailure(left)
}
