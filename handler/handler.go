// Package handler serves one request of the agent: it reads the machine, decides on a plan,
// applies it, reads the machine again and reports.
package handler

import (
	"context"
	"errors"
	"strings"

	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/state"
	"aadssh/internal/text"
)

// converge makes it possible to sign in to the machine, or reports why it is not. install
// and enable both run it and differ only in what they do with the verdict.
func (r *run) converge(ctx context.Context) outcome {
	release, err := r.lock(ctx)
	if err != nil {
		return failed(err, nil)
	}
	defer release()
	return r.convergeLocked(ctx)
}

// convergeLocked is converge for a caller that holds the lock. It first waits for the
// transaction that an earlier run had to leave running, and ends the handover, because this
// version has now begun its work.
func (r *run) convergeLocked(ctx context.Context) outcome {
	if err := r.awaitTransaction(ctx); err != nil {
		return failed(err, nil)
	}
	if err := state.EndHandover(r.host, r.Environment.Version, r.began); err != nil {
		return failed(facts.StateUnwritable(err), nil)
	}
	return r.reconcile(ctx)
}

// reconcile reads the machine, plans, applies the plan and reads the machine again.
func (r *run) reconcile(ctx context.Context) outcome {
	before, decision, err := r.decided(ctx)
	if err != nil {
		return failed(err, decision.Checks)
	}
	checks, plan := decision.Checks, decision.Plan
	if stop := decision.Stops(); stop != nil {
		return failed(stop, checks)
	}
	if plan.Empty() || decision.Provisional { // the checks report what cannot be repaired
		if err := r.ownAs(before); err != nil {
			return failed(err, checks)
		}
		r.keepMissing(before)
		return r.conclude(before, checks, nil)
	}
	if err := errors.Join(r.announce(), r.ownAs(before)); err != nil {
		return failed(err, checks)
	}
	failure := r.apply(ctx, plan, before)
	after := r.gatherAgain(ctx, before)
	if plan.Has(decide.PutBack) && failure != nil && ctx.Err() == nil && !fault.Of(failure).Code.Is(fault.Unended) {
		r.log.Warnf("the kept package files do not do, the repository is asked: %v", failure)
		again := decide.For(after, decide.Goal{Sources: true})
		if stop := again.Stops(); stop != nil {
			return failed(stop, checks)
		}
		plan = again.Plan
		failure = r.apply(ctx, plan, after)
		after = r.gatherAgain(ctx, after)
	}
	after, failure = r.registered(ctx, plan, after, failure)
	// A command that a signal interrupted fails like a network or a program that does not
	// answer.
	if ctx.Err() != nil && (failure == nil || errors.Is(ctx.Err(), context.Canceled) && !fault.Of(failure).Code.Is(fault.Unended)) {
		r.log.Infof("stopped: %v", failure)
		failure = r.stopped()
	}
	r.keepMissing(after)
	v := r.conclude(after, append(checks, repaired(plan, before, after)...), failure)
	if failure == nil && v.code() == fault.VerificationFailed && decide.PutsRight(plan, before) {
		v.unregistered(after)
	}
	return v
}

// decided reads the machine and decides what to do. If the package database has to be
// repaired first, it repairs it and reads the machine again.
func (r *run) decided(ctx context.Context) (*facts.Facts, decide.Decision, error) {
	before := r.gather(ctx)
	if ctx.Err() != nil {
		return before, decide.Decision{}, r.stopped() // an interrupted reading is not to be trusted
	}
	if before.Unread != nil { // the cause may have been temporary
		r.log.Warnf("looking once more: %v", before.Unread)
		before = r.gatherAgain(ctx, before)
	}
	decision := decide.For(before, r.goal(before))
	if decision.Plan.Has(decide.Repair) && decision.Provisional && decision.Stops() == nil {
		repaired, err := r.repairDatabase(ctx, decision.Plan, before)
		if err != nil {
			return before, decision, err
		}
		before, decision = repaired, decide.For(repaired, r.goal(repaired))
	}
	return before, decision, nil
}

// registered makes sure that an installed package is also registered on the machine. In one
// rpm transaction the scripts of the removed package run after those of the new one:
// aadlogin's undo what aadsshlogin's had registered. So the package is reinstalled, and if
// that does not help, updated to a corrected version.
func (r *run) registered(ctx context.Context, done decide.Plan, f *facts.Facts, failure error) (*facts.Facts, error) {
	reinstalled := done.Has(decide.Reinstall)
	if failure == nil && !reinstalled && ctx.Err() == nil {
		if next := decide.For(f, decide.Goal{}); next.Stops() == nil && next.Plan.Has(decide.Reinstall) {
			r.log.Infof("what was installed is not registered, so it is reinstalled")
			failure = r.apply(ctx, next.Plan, f)
			f, reinstalled = r.gatherAgain(ctx, f), true
		}
	}
	if reinstalled && ctx.Err() == nil {
		return r.corrected(ctx, f, failure)
	}
	return f, failure
}

// corrected updates a package whose reinstallation did not help to the newest allowed
// version, in case the vendor has corrected it. If there is no better version, the original
// error stays.
func (r *run) corrected(ctx context.Context, f *facts.Facts, failure error) (*facts.Facts, error) {
	if !decide.PackageFails(f) || failure != nil && fault.Of(failure).Code.Is(fault.Unended) {
		return f, failure
	}
	plan, err := decide.NewPlan(f, decide.Goal{Newest: true})
	if err != nil || !plan.Has(decide.Install) {
		return f, failure
	}
	r.log.Infof("reinstalling did not help, a newer version is looked for")
	if err := r.apply(ctx, plan, f); err != nil {
		r.log.Warnf("no newer version that does better: %v", err)
		if failure == nil || fault.Of(err).Code.Is(fault.Unended) {
			failure = err
		}
		return r.gatherAgain(ctx, f), failure
	}
	now := r.gatherAgain(ctx, f)
	if !decide.PackageFails(now) {
		failure = nil
	}
	return now, failure
}

// repairDatabase repairs a package database that a killed package manager left unreadable:
// nothing can be planned before it can be read.
func (r *run) repairDatabase(ctx context.Context, p decide.Plan, f *facts.Facts) (*facts.Facts, error) {
	session, err := r.session(f)
	if err != nil {
		return f, err
	}
	if err := r.announce(); err != nil {
		return f, err
	}
	action := r.log.Started("%s", p.Steps[0].Text)
	_ = action.Ended(session.Repair(ctx)) // only whether the database can be read afterwards counts
	return r.gatherAgain(ctx, f), nil
}

// conclude judges the result, not the messages on the way: a machine that needs no further
// step is a success, whatever a package manager complained about.
func (r *run) conclude(f *facts.Facts, checks []check.Result, cause error) outcome {
	now := decide.For(f, decide.Goal{})
	checks = preflight.Again(checks, now.Verified)
	failure, rest := preflight.FirstFailure(checks), now.Plan
	if now.PlanErr != nil {
		return failed(now.PlanErr, checks)
	}
	if failure == nil { // a machine that cannot be judged any more has an empty plan, too
		failure = now.Refusal
	}
	if failure == nil && rest.Empty() {
		if cause != nil {
			r.log.Warnf("the machine is as it should be in spite of: %v", cause)
			checks = append(checks, check.Result{Name: "packages", Answer: check.Warn, Text: fault.Of(cause).What, Next: fault.Of(cause).Remedy()})
		}
		return outcome{message: healthy(f, checks), results: checks}
	}
	if cause != nil {
		return failed(cause, checks) // the cause, not its consequence
	}
	if failure != nil {
		return failed(failure, checks)
	}
	return failed(fault.New(fault.VerificationFailed,
		"The changes were made, but the machine still lacks: "+rest.Steps[0].Text+".",
		"Run: sudo "+host.Program()+" doctor"+fault.ThenAgain), checks)
}

// healthy is the one line of a success. It promises no more than the checks found: it names
// the people who cannot sign in, and where another program decides, it names that program
// and promises nothing.
func healthy(f *facts.Facts, checks []check.Result) string {
	login := f.Target.Packages.Login
	on := "(" + strings.TrimSpace(login+" "+f.Packages[login].Version) + " on " + f.Target.Name + ")"
	var except, decides []string
	for _, c := range checks {
		except = text.AddNew(except, c.Except)
		decides = text.AddNew(decides, c.Decides)
	}
	switch {
	case len(decides) > 0:
		return "Sign-in with Microsoft Entra ID is set up on this machine " + on + "; whether people get in also depends on " + strings.Join(decides, ", and on ") + "."
	case len(except) > 0:
		return "People can sign in to this machine with Microsoft Entra ID " + on + ", except " + strings.Join(except, ", and ") + "."
	}
	return "People can sign in to this machine with Microsoft Entra ID " + on + "."
}
