package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/status"
)

// PutBack is the repair unit: it repairs sign-in, once per cause and day, and reports the
// result. If the folder of the extension is gone, it removes the watch instead.
func (w *Watcher) PutBack(ctx context.Context) error {
	record, found, err := readRecord(w.Host)
	if err != nil {
		return err
	}
	if found && standingOf(w.Host, record) == dropped {
		// The machine goes back to setup if there was one, and otherwise nothing of ours stays.
		if given, err := w.GiveBack(ctx); given || err != nil {
			return err
		}
		return w.Keeper.removeCopies(w.Keeper.End(ctx)) // not Remove: this is the repair unit, which must not end itself
	}
	a, release, err := w.begin(ctx, "a repair by the watch")
	if err != nil || release == nil {
		return err
	}
	defer release()
	before, m := w.Observe(ctx, a), readMemory(w.Host).clone(time.Now())
	if ctx.Err() != nil { // an interrupted check is not to be trusted
		return ctx.Err()
	}
	other, err := findOther(w.Host, time.Now())
	if err != nil {
		return err
	}
	switch {
	case other.coming:
		fmt.Fprintf(w.Out, "The agent is working on %s.\n", other.name)
		return nil
	case other.deleted(before) && m.Deleted != "":
		return w.leave(ctx, a, m)
	case other.deleted(before):
		fmt.Fprintf(w.Out, "%s and its packages are gone; the next check decides.\n", other.name)
		return nil
	}
	return w.putBack(ctx, a, before, m)
}

// putBack repairs what a check has found.
func (w *Watcher) putBack(ctx context.Context, a Assigned, before Observation, m Memory) error {
	cause := before.cause()
	if before.Repair == "" {
		fmt.Fprintln(w.Out, "There is nothing to put back.")
		return nil
	}
	if tried, ok := m.Repairs[cause]; ok {
		fmt.Fprintf(w.Out, "It was tried at %s and is not tried again for a day.\n", tried.Time.UTC().Format(time.RFC3339))
		return nil
	}
	now := time.Now()
	m.tries(cause, now)
	if err := m.write(w.Host); err != nil { // before the repair, so that one that kills us is not tried again and again
		return err
	}
	fmt.Fprintf(w.Out, "Putting sign-in back: %s\n", before.Repair)
	after := w.Repair(ctx, a)
	if ctx.Err() != nil { // it was interrupted
		delete(m.Repairs, cause)
		return errors.Join(ctx.Err(), m.write(w.Host))
	}
	report := m.repaired(before, after, now)
	told := w.told(a)
	if after.Fault == nil || told.Level != report.Level || told.Code != report.Code || told.Message != report.Message {
		w.say(a, report, &m)
	}
	return m.write(w.Host)
}

// tries records a repair that is about to begin.
func (m *Memory) tries(cause string, now time.Time) {
	if m.Repairs == nil {
		m.Repairs = map[string]Repair{}
	}
	m.Repairs[cause], m.Suspect = Repair{Time: now}, ""
}

// repaired records how a repair that began at now ended, and returns what to report.
func (m *Memory) repaired(before, after Observation, now time.Time) status.Report {
	cause, report := before.cause(), after.Report
	switch {
	case after.Fault == nil && cause == unfinished:
		delete(m.Repairs, cause) // it does not recur by itself
	case after.Fault == nil:
		report.Substatuses = append(report.Substatuses, status.Substatus{Name: About().Name, Level: status.Success,
			Message: "Sign-in was put back at " + now.UTC().Format("2006-01-02 15:04 MST") + ". What was wrong: " + before.what()})
	case after.Fault.Code.Is(fault.Untried):
		delete(m.Repairs, cause)
	case !after.Fault.Code.Is(fault.Unended):
		m.Repairs[cause] = Repair{Time: now, Code: report.Code, Failed: report.Message}
		report = m.Repairs[cause].stands(report)
	}
	return report
}

// leave ends setup's watch after another handler was deleted together with the packages.
// The program stays, for status, setup and remove.
func (w *Watcher) leave(ctx context.Context, a Assigned, m Memory) error {
	what := m.Deleted + ", which had brought the packages of sign-in or shared them, was deleted together with them, so setup stands down."
	next := "To have sign-in all the same: sudo " + host.Program() + " setup; to clear away what setup left: sudo " + host.Program() + " remove"
	w.say(a, status.Report{Operation: "Watch", Level: status.Failure, Code: int(fault.VerificationFailed), Message: what + " " + next}, &m)
	return w.Keeper.End(ctx)
}
