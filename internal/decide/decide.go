package decide

import (
	"errors"
	"fmt"
	"syscall"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/trust"
	"aadssh/pkgmgr"
)

// Decision is what to do about a machine, and the expected result.
type Decision struct {
	Checks   []check.Result // those that must pass before any change
	Verified []check.Result // whether people can sign in now
	Plan     Plan           // also if nothing may be changed: what would be done
	// Provisional: the plan only repairs the package database or waits for it, and nothing
	// else can be decided before.
	Provisional bool
	PlanErr     *fault.Fault // why there is no plan
	// Refusal is why nothing may be changed, whatever the plan.
	Refusal *fault.Fault
	// Doubt is something unknown that prevents changes. It is nil if there is nothing to
	// change.
	Doubt *fault.Fault

	left       []check.Result // what the plan does not certainly repair
	reinstalls bool           // the package was installed before
}

// For decides. Equal facts give equal decisions.
func For(f *facts.Facts, g Goal) Decision {
	d := Decision{Checks: preflight.Run(preflight.Preconditions(), f), Verified: preflight.Run(preflight.Verification(), f)}
	doubt := preflight.Undecided(d.Checks)
	var err error
	d.Plan, err = NewPlan(f, g)
	if err == nil && d.Plan.Has(FetchKey) {
		err = trust.Validate(f.Settings.Repository.KeyFiles()) // early, before anything is changed
	}
	if err == nil && f.StateErr != nil && (!d.Plan.Empty() || g.Records || errors.Is(f.StateErr, syscall.ENOTDIR)) {
		err = facts.StateUnwritable(f.StateErr)
	}
	d.PlanErr = fault.Of(err)
	if wait := awaited(f); wait != "" { // the machine is about to change
		d.Provisional, d.PlanErr, doubt = true, nil, nil
		d.Plan = Plan{Steps: []Step{{Kind: Await, Text: wait}}}
	} else if errors.Is(f.PackagesErr, pkgmgr.ErrInterrupted) && f.TargetErr == nil && doubt == nil {
		d.Provisional = true
		d.Plan.add(Step{Kind: Repair, Text: "repair the package database, which an interrupted package manager left unreadable, and look again"})
	}
	if d.Refusal = preflight.FirstFailure(d.Checks); d.Refusal == nil {
		d.Refusal = d.PlanErr
	}
	d.left = d.Verified
	if !d.Plan.Empty() {
		d.Doubt, d.reinstalls = doubt, PutsRight(d.Plan, f)
		if !preflight.InPlace(f) && f.SSHD.Binary != "" { // otherwise sshd is installed as a dependency of the package
			d.left = preflight.SignIn(f)
			if stack := f.Login.PAM.Foreseen; stack != nil {
				d.left = append(d.left, stack.Result())
			}
		}
		d.left = without(d.left, check.Files)
	}
	return d
}

// awaited is the text of the first step where something else has to end before it, or "".
func awaited(f *facts.Facts) string {
	switch {
	case f.Transaction != nil:
		return Awaiting(f.Transaction)
	case f.OtherRun != "":
		return "wait for another run of the handler (" + f.OtherRun + "), and look again"
	}
	return ""
}

// Awaiting is the text of the first step while a package transaction of an earlier run is
// still running.
func Awaiting(t *host.Running) string {
	return fmt.Sprintf("wait for the transaction of an earlier run (process %d), and look again", t.PID)
}

// Stops is why the plan is not carried out, or nil.
func (d *Decision) Stops() *fault.Fault {
	if d.Refusal != nil {
		return d.Refusal
	}
	return d.Doubt
}

// Outlook is what a run ends with if each step succeeds: nil means that people can sign in.
// It is nil for a provisional plan too, of which the end is not known.
func (d *Decision) Outlook() *fault.Fault {
	if stop := d.Stops(); stop != nil || d.Provisional {
		return stop
	}
	if d.Plan.Empty() {
		return preflight.FirstFailure(d.left)
	}
	return preflight.FirstFailure(without(d.left, check.Scripts))
}

// without omits the results about a part of the package.
func without(results []check.Result, part check.Part) (rest []check.Result) {
	for i := range results {
		if results[i].Part != part {
			rest = append(rest, results[i])
		}
	}
	return rest
}

// Otherwise is what a run ends with if the scripts of a package that was installed before
// do not set up again what they once did; nil if nothing depends on that.
func (d *Decision) Otherwise() *fault.Fault {
	if d.Provisional || d.Outlook() != nil || !d.reinstalls {
		return nil
	}
	return preflight.FirstFailure(d.left)
}

// PutsRight reports whether a plan reinstalls packages that are or were installed, so that
// scripts which act only on a first installation do nothing.
func PutsRight(p Plan, f *facts.Facts) bool {
	note := f.Receipt.Packages[f.Target.Packages.Login]
	return p.Has(Reinstall, PutBack) || p.Has(Install) && (note.Before != "" || note.KeptVersion != "")
}
