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

// Decision is what is to be done about a machine, and what will come of it.
type Decision struct {
	Checks   []check.Result // what gates every change
	Verified []check.Result // whether people can sign in, as the machine is now
	Plan     Plan           // also where nothing may be changed: what would be
	// Provisional: the plan makes the package database answer, or waits for it, and
	// nothing else can be decided before it does.
	Provisional bool
	PlanErr     *fault.Fault // why there is no plan
	// Refusal is why nothing may be changed, whatever the plan is.
	Refusal *fault.Fault
	// Doubt is what is not known and keeps a machine from being changed. One on
	// which nothing is to change has none.
	Doubt *fault.Fault

	left []check.Result // what the plan does not put right for certain
	anew bool           // the package was here before
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
	if err == nil && f.StateErr != nil && (!d.Plan.Empty() || errors.Is(f.StateErr, syscall.ENOTDIR)) {
		err = facts.StateUnwritable(f.StateErr)
	}
	d.PlanErr = fault.Of(err)
	if f.Transaction != nil { // the machine is on its way to another state
		d.Provisional, d.PlanErr, doubt = true, nil, nil
		d.Plan = Plan{Steps: []Step{{Kind: Await, Text: Awaiting(f.Transaction)}}}
	} else if errors.Is(f.PackagesErr, pkgmgr.ErrInterrupted) && f.TargetErr == nil && doubt == nil {
		d.Provisional = true
		d.Plan.add(Step{Kind: Repair, Text: "repair the package database, which an interrupted package manager left unreadable, and look again"})
	}
	if d.Refusal = preflight.FirstFailure(d.Checks); d.Refusal == nil {
		d.Refusal = d.PlanErr
	}
	d.left = d.Verified
	if !d.Plan.Empty() {
		d.Doubt, d.anew = doubt, PutsRight(d.Plan, f)
		if !preflight.InPlace(f) && f.SSHD.Binary != "" { // else the package brings an sshd that it depends on
			d.left = preflight.SignIn(f)
			if stack := f.Login.PAM.Foreseen; stack != nil {
				d.left = append(d.left, stack.Result())
			}
		}
		d.left = without(d.left, check.Files)
	}
	return d
}

// Awaiting is the step that every run begins with while a package transaction of an
// earlier one is at work.
func Awaiting(t *host.Running) string {
	return fmt.Sprintf("wait for the transaction of an earlier run (process %d), and look again", t.PID)
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
	if d.Plan.Empty() {
		return preflight.FirstFailure(d.left)
	}
	return preflight.FirstFailure(without(d.left, check.Scripts))
}

// without leaves out what is about a part of the package.
func without(results []check.Result, part check.Part) (rest []check.Result) {
	for i := range results {
		if results[i].Part != part {
			rest = append(rest, results[i])
		}
	}
	return rest
}

// Otherwise is what a run ends with where the scripts of a package that was here
// before do not set up again what they once did; nil: nothing hangs on that.
func (d Decision) Otherwise() *fault.Fault {
	if d.Provisional || d.Outlook() != nil || !d.anew {
		return nil
	}
	return preflight.FirstFailure(d.left)
}

// PutsRight says whether a plan puts packages right that are or were here, so that
// this is no first installation to scripts that act on one only.
func PutsRight(p Plan, f *facts.Facts) bool {
	note := f.Receipt.Packages[f.Target.Packages.Login]
	return p.Has(Reinstall, PutBack) || p.Has(Install) && (note.Before != "" || note.KeptVersion != "")
}
