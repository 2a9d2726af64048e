package handler

import (
	"context"
	"fmt"
	"strings"
	"time"

	"aadssh/distro"
	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/preflight"
	"aadssh/internal/standalone"
	"aadssh/internal/state"
	"aadssh/internal/watch"
)

// Watch is the service that keeps checking the machine between runs.
type Watch interface {
	// Put installs the watch and reports whether it is as it should be. The error is why it
	// could not be installed.
	Put(context.Context, watch.Assignment) (check.Result, error)
	// Follow makes an installed watch report under another sequence number.
	Follow(watch.Assignment) error
	// End removes the watch, but leaves the program for people.
	End(context.Context) error
	// Remove removes both.
	Remove(context.Context) error
}

// enable converges, and hands a machine that passed to the watch. It also does so while a
// transaction is still running: the watch will report how it ended. It keeps the lock until
// then, because the watch's files are added to the receipt.
func (r *run) enable(ctx context.Context) outcome {
	release, err := r.lock(ctx)
	if err != nil {
		r.follow()
		return failed(err, nil)
	}
	defer release()
	v := r.convergeLocked(ctx)
	r.handToWatch(ctx, &v, v.code().Is(fault.Watched))
	return v
}

// handToWatch installs the watch if it is worth it; otherwise a watch that is already
// installed reports for this run.
func (r *run) handToWatch(ctx context.Context, v *outcome, worth bool) {
	if a, ok := r.assignment(); ok && worth && ctx.Err() == nil {
		put, _ := r.Watch.Put(ctx, a) // the result's text says why
		v.results = append(v.results, put)
	} else {
		r.follow()
	}
}

// follow makes an installed watch report under this run's sequence number, unless it is the
// watch of setup, which an extension that failed has not replaced.
func (r *run) follow() {
	a, ok := r.assignment()
	if owner, _, err := state.ReadOwner(r.host); !ok || err == nil && owner.Setup && !r.Environment.IsStandalone() {
		return
	}
	if err := r.Watch.Follow(a); err != nil {
		r.log.Warnf("the watch reports under an older number: %v", err)
	}
}

// assignment is what the watch has to check; false where there must be no watch.
func (r *run) assignment() (watch.Assignment, bool) {
	a := watch.Assignment{Environment: r.Environment, Sequence: r.Sequence, Minutes: r.Settings.Monitor}
	return a, r.Watch != nil && r.Environment.BaseDir != "" && r.Sequence >= 0
}

// unwatch removes the watch. What cannot be removed ends at its next check, which finds
// that the handler is gone.
func (r *run) unwatch(ctx context.Context) error {
	if r.Watch == nil {
		return nil
	}
	return r.Watch.Remove(ctx)
}

// Observe reads and judges the machine as enable does, and changes nothing. The caller
// holds the handler's lock.
func Observe(ctx context.Context, q Request) watch.Observation {
	r, ctx, cancel := q.watching(ctx)
	defer cancel()
	var decision decide.Decision
	var gone bool
	v := r.guard(func() outcome {
		f := r.gather(ctx)
		gone = absent(f)
		decision = decide.For(f, r.goal(f))
		if decision.Refusal != nil {
			return failed(decision.Refusal, decision.Checks)
		}
		return r.conclude(f, decision.Checks, nil)
	})
	seen := q.seen(v)
	seen.Gone = gone
	if v.fault != nil && decision.Stops() == nil && !decision.Plan.Empty() {
		var steps []string
		for _, s := range decision.Plan.Steps {
			steps = append(steps, s.Text)
		}
		seen.Repair = strings.Join(steps, ", ")
	}
	return seen
}

// Restore does what enable does, for the watch: it writes no status. The caller holds the
// handler's lock.
func Restore(ctx context.Context, q Request) watch.Observation {
	r, ctx, cancel := q.watching(ctx)
	defer cancel()
	return q.seen(r.guard(func() outcome { return r.op.run(r, ctx) }))
}

// watching is a run for the watch, with the budget of enable.
func (q Request) watching(ctx context.Context) (*run, context.Context, context.CancelFunc) {
	op := watchOperation()
	r := &run{Request: q, op: op, host: q.Host, log: q.Host.Log.With("operation", op.name), deadline: time.Now().Add(op.budget)}
	ctx, cancel := context.WithDeadline(ctx, r.deadline)
	return r, ctx, cancel
}

// seen is a verdict in the form that the watch takes.
func (q Request) seen(v outcome) watch.Observation {
	if q.Environment.IsStandalone() {
		v = v.standalone(standalone.Setup())
	}
	return watch.Observation{Fault: v.fault, Report: v.report("watch"), Results: v.results}
}

// unregistered corrects the next step when a reinstallation did not restore what the
// package's own scripts set up: some of them act on a first installation only. A file that
// it did not restore would not come with a first installation either.
func (v *outcome) unregistered(f *facts.Facts) {
	first := preflight.First(v.results)
	if first == nil || first.Part == check.NoPart || f.Sealed[first.File].Err != nil { // a sealed file has a next step of its own
		return
	}
	name, next := f.Target.Packages.Login, &v.fault.Next
	switch reinstall := strings.HasPrefix(*next, f.Reinstallation(name)); {
	case reinstall && first.Part == check.Files:
		*next = fmt.Sprintf("Reinstalling %s did not help: this machine leaves the file out, or takes it away again. See whether its package manager is told to (%s), lift that"+fault.ThenAgain,
			name, leavesOut(f.Target.Manager, name))
	case reinstall:
		*next = fmt.Sprintf("Reinstalling %s did not help, so have it installed anew: %s"+fault.ThenAgain, name, byHand(f.Target.Manager, name))
	default:
		*next = "Reinstalling " + name + " did not help. " + *next
	}
}

// leavesOut is a command for people that shows which files a package manager is told not to
// install (dpkg(1), --path-exclude; rpm's macro _netsharedpath).
func leavesOut(m distro.Manager, name string) string {
	if m == distro.Apt {
		return "grep -rn path-exclude /etc/dpkg/dpkg.cfg /etc/dpkg/dpkg.cfg.d"
	}
	return "rpm -q --state " + name + "; grep -rn _netsharedpath /etc/rpm"
}
