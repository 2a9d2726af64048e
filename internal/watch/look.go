package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/systemd"
	"aadssh/pkgmgr"
	"aadssh/status"
)

// Watcher runs one check, or one repair.
type Watcher struct {
	Host   *host.Host
	Keeper *Keeper
	Out    io.Writer // the journal

	// Observe checks the machine and changes nothing; Repair repairs what it can. Both are
	// called with the handler's lock held.
	Observe func(context.Context, Assigned) Observation
	Repair  func(context.Context, Assigned) Observation
	// GiveBack gives the machine back to setup, if the extension whose folder is gone had
	// replaced it. It returns false if there was no setup.
	GiveBack func(context.Context) (bool, error)
}

// Assigned is the version and the sequence number that enable recorded, with what the
// agent's folders say about them.
type Assigned struct {
	Environment agent.Environment
	Sequence    int
}

// hold is how long a failure must last before it is reported or repaired: sshd may be
// restarting, or a tool may be halfway through its work.
const hold = 3 * time.Second

// Check runs one check. An unhealthy machine is no error: the error says that it could not
// be checked.
func (w *Watcher) Check(ctx context.Context) error {
	a, release, err := w.begin(ctx, host.Checking)
	if err != nil || release == nil {
		return err
	}
	defer func() { release() }()
	// Changes in progress delay a repair, never the check: otherwise a program could blind
	// the watch by staying busy.
	busy := !settle(ctx, w.Host, locks(), quiet, settleTimeout)
	if t, running := w.Host.RunningTransaction(); running {
		// This is our own record, which only root can write: the result cannot be seen yet.
		w.Host.Log.Infof("a transaction of an earlier run is still running (process %d)", t.PID)
		return nil
	}
	if busy {
		w.Host.Log.Infof("this machine is being changed: nothing is repaired now")
	}
	told, m := w.told(a), readMemory(w.Host)
	seen, other, err := w.observe(ctx, a)
	if err != nil {
		return err
	}
	d := decide(told, seen, other, m, busy, time.Now())
	if d.acts() && seen.Fault != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(hold):
		}
		if seen, other, err = w.observe(ctx, a); err != nil {
			return err
		}
		d = decide(told, seen, other, m, busy, time.Now())
	}
	if d.why != "" {
		w.Host.Log.Infof("%s", d.why)
	}
	if d.say != nil {
		w.say(a, *d.say, &d.memory)
	}
	if err := d.memory.write(w.Host); err != nil {
		return err
	}
	switch {
	case d.leave:
		fmt.Fprintf(w.Out, "%s was deleted, and the packages with it: the watch ends.\n", d.memory.Deleted)
	case d.repair:
		fmt.Fprintf(w.Out, "To be put back: %s\n", seen.what())
	default:
		return nil
	}
	release() // the repair takes the lock
	release = func() {}
	return systemd.Begin(ctx, repairUnit)
}

// begin reads what has to be checked, and takes the lock for a run that calls itself who. A nil release without an error
// means that there is nothing to check now.
func (w *Watcher) begin(ctx context.Context, who string) (a Assigned, release func(), err error) {
	record, found, err := readRecord(w.Host)
	if err != nil {
		return a, nil, err
	}
	if !found {
		w.Host.Log.Infof("enable has given the watch nothing to check")
		return a, nil, nil
	}
	switch standingOf(w.Host, record) {
	case dropped:
		fmt.Fprintln(w.Out, "The agent no longer has this extension: the watch removes itself.")
		return a, nil, systemd.Begin(ctx, repairUnit)
	case replaced:
		w.Host.Log.Infof("another version of the extension is installed; its enable takes the watch over")
		return a, nil, nil
	case unclear:
		w.Host.Log.Infof("the agent's folder cannot be read")
		return a, nil, nil
	}
	a.Sequence = record.Sequence
	if a.Environment, err = agent.LoadFrom(record.BaseDir); err != nil {
		return a, nil, err
	}
	if release, err = w.lock(ctx, who); err != nil || release == nil {
		return a, nil, err
	}
	return a, release, nil
}

// lock takes the handler's lock if it is free. A run that holds it checks the machine
// itself.
func (w *Watcher) lock(ctx context.Context, who string) (release func(), err error) {
	now, cancel := context.WithCancel(ctx)
	cancel()
	release, err = w.Host.SingleRun(now, who)
	if errors.Is(err, host.ErrLocked) {
		w.Host.Log.Infof("%v", err)
		return nil, nil
	}
	return release, err
}

// locks are those of every package manager: a lock of one that is not installed is not
// held.
func locks() []host.Lock {
	var all []host.Lock
	for _, m := range distro.Managers() {
		if manager, err := pkgmgr.For(m); err == nil {
			all = append(all, manager.Locks...)
		}
	}
	return all
}

// observe repeats the check until nothing that matters changed during it: systemd reports
// no change while the check that it started runs.
func (w *Watcher) observe(ctx context.Context, a Assigned) (seen Observation, other otherHandler, err error) {
	const most = 5
	if other, err = findOther(w.Host, time.Now()); err != nil {
		return seen, other, err
	}
	for range most {
		before := fingerprint(w.Host)
		seen = w.Observe(ctx, a)
		if ctx.Err() != nil {
			return seen, other, ctx.Err()
		}
		if fingerprint(w.Host) == before {
			break
		}
	}
	return seen, other, nil
}

// told is the verdict that people can read now. If there is no status file, it is the last
// one in the journal, and at first enable's success.
func (w *Watcher) told(a Assigned) status.Report {
	r, err := status.Read(a.Environment.StatusFolder, a.Sequence)
	if err == nil {
		return r
	}
	if m := readMemory(w.Host); m.Told != nil {
		return *m.Told
	}
	if !errors.Is(err, fs.ErrNotExist) {
		w.Host.Log.Warnf("%v", err)
	}
	return status.Report{Level: status.Success}
}

// say reports a changed verdict: in the status file, if there is one, the agent's telemetry
// and the journal. It creates no status file, because the agent has not asked for one.
func (w *Watcher) say(a Assigned, r status.Report, m *Memory) {
	fmt.Fprintf(w.Out, "%s %d: %s\n", r.Level, r.Code, r.Message)
	if _, err := status.Read(a.Environment.StatusFolder, a.Sequence); errors.Is(err, fs.ErrNotExist) {
		brief := r
		brief.Substatuses = nil
		m.Told = &brief
	} else if err := status.Write(a.Environment.StatusFolder, a.Sequence, r); err != nil {
		fmt.Fprintf(w.Out, "%v\n", err)
	}
	level := agent.EventInformational
	if r.Level == status.Failure {
		level = agent.EventError
	}
	if err := agent.NewEvents(a.Environment).Send(level, "Watch", fmt.Sprintf("code %d: %s", r.Code, r.Message)); err != nil {
		w.Host.Log.Warnf("%v", err)
	}
}
