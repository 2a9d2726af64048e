package handler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/standalone"
	"aadssh/internal/state"
	"aadssh/internal/systemd"
	"aadssh/internal/text"
	"aadssh/status"
)

// Request is one call of the handler.
type Request struct {
	Operation   string
	Version     string // of this build
	Environment agent.Environment
	Sequence    int
	Settings    agent.Settings
	Unknown     []string // settings that this version does not know
	// Refused is why the environment, the sequence number or the settings cannot be used;
	// the operation then only reports it.
	Refused error
	Budget  time.Duration // 0: the operation's own
	// Keep saves the settings where no agent did, once this run holds the lock and may
	// change the machine, and returns the saved ones: another setup may have saved its own
	// meanwhile. nil: there are none to save.
	Keep func() (*agent.Offer, error)
	// Downgrade: setup may take the machine over from a newer setup.
	Downgrade bool
	Getenv    func(string) string
	Host      *host.Host
	// Reload makes sshd read its changed configuration: see systemd.Reload.
	Reload func(ctx context.Context, units []string) (systemd.Outcome, error)
	Watch  Watch         // nil: none
	Events *agent.Events // telemetry; may be nil
	Out    io.Writer     // the agent keeps the first 3,200 bytes of it
}

// run serves one request.
type run struct {
	Request
	op       operation
	host     *host.Host
	log      *logging.Logger
	began    time.Duration // time by host.BootClock
	deadline time.Time
	changing bool // a plan that is not empty is being applied
	file     *status.File
	silent   bool // another program owns the machine and reports for it
}

// reserve is the part of the budget that is kept for reading the machine again and
// reporting.
const reserve = 10 * time.Second

// Run serves a request and returns the exit code. Whatever happens, including a panic or a
// cancelled context, the status is written before it returns and agrees with the code.
func Run(ctx context.Context, q Request) fault.Code {
	op, ok := findOperation(q.Operation)
	if !ok {
		return fault.Usage
	}
	budget := op.budget
	if q.Budget > 0 {
		budget = q.Budget
	}
	r := &run{Request: q, op: op, host: q.Host, log: q.Host.Log.With("operation", op.name), began: host.BootClock(), deadline: time.Now().Add(budget)}
	ctx, cancel := context.WithDeadline(ctx, r.deadline)
	defer cancel()
	action := r.log.Started("%s, version %s, sequence number %d, budget %s", op.name, q.Version, q.Sequence, budget)
	v := r.guard(func() outcome { return r.begin(ctx) })
	if v.fault != nil {
		action.Ended(v.fault)
	} else {
		action.Ended(nil)
	}
	return r.finish(v)
}

// guard turns a panic into a verdict.
func (r *run) guard(do func() outcome) (v outcome) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Errorf("panic: %v\n%s", p, debug.Stack())
			v = failed(fault.New(fault.Internal, fmt.Sprintf("The handler has a bug: %v.", p), ""), nil)
		}
	}()
	return do()
}

func (r *run) begin(ctx context.Context) outcome {
	if r.op.standalone {
		if other, there, err := r.inTheWay(); err != nil {
			return failed(err, nil)
		} else if there {
			return r.standDown(other)
		}
	}
	if r.reports(outcome{fault: r.stopped()}) {
		r.statusFile() // opened early, in case no file can be opened later
	}
	// If the protected settings cannot be decrypted, they are unknown: the checks judge
	// that.
	if r.Refused != nil && r.op.decides && !errors.Is(r.Refused, agent.ErrProtected) {
		r.follow()
		return failed(r.Refused, nil)
	}
	if err := r.placeholder(); err != nil {
		return failed(err, nil)
	}
	return r.op.run(r, ctx)
}

// finish writes the verdict to the log, the agent's status file, the telemetry and the
// output. It returns the exit code.
func (r *run) finish(v outcome) fault.Code {
	if r.Environment.IsStandalone() {
		speaker := standalone.Setup()
		if r.op.standalone {
			speaker.Operation = r.op.name
		}
		v = v.standalone(speaker)
	} else if r.op.removes {
		v = v.removing()
	}
	for _, c := range v.results {
		r.log.Infof("check %s: %s: %s", c.Name, c.Answer, c.Text)
	}
	code := v.code()
	if r.reports(v) {
		if err := r.statusFile().Write(v.report(text.Capital(r.op.name))); err != nil {
			r.log.Errorf("%v", err)
			if code == fault.OK {
				v = failed(fault.Wrap(err, fault.Disk, "The status of this run could not be written: "+err.Error()+".", ""), v.results)
				code = v.code()
			}
		}
		r.file.Close()
	}
	what, next := v.lines()
	fmt.Fprintln(r.Out, text.Clip(what, 700))
	if next != "" {
		fmt.Fprintln(r.Out, text.Clip(next, 500))
	}
	r.tell(v)
	if r.op.defers && v.fault != nil && !prevents(v.fault) {
		r.log.Warnf("%s could not finish (code %d), and ends with 0 so that the agent goes on: %s", r.op.name, int(code), what)
		return fault.OK
	}
	return code
}

// tell sends the telemetry of a run that failed or changed something. A run that only
// checked a healthy machine has nothing to report and writes nothing.
func (r *run) tell(v outcome) {
	level := agent.EventInformational
	if v.fault != nil {
		level = agent.EventError
	} else if !r.changing {
		return
	}
	what, _ := v.lines()
	if err := r.Events.Send(level, text.Capital(r.op.name), fmt.Sprintf("code %d: %s", int(v.code()), what)); err != nil {
		r.log.Warnf("%v", err)
	}
}

// prevents reports whether enable could do no better after this fault: only then does
// install fail, because the agent reads no status of a handler whose installation failed
// (waagent exthandlers.py, get_extension_status of a NotInstalled handler).
func prevents(f *fault.Fault) bool {
	return f != nil && (errors.Is(f, agent.ErrNoEnvironment) || f.Code == fault.Usage)
}

// reports says whether this run writes the status file.
func (r *run) reports(v outcome) bool {
	if r.Environment.StatusFolder == "" || r.Sequence < 0 || r.silent {
		return false
	}
	return r.op.reports == always || r.op.reports == ofFailures && v.fault != nil
}

// stopped is the verdict of a run that a signal or its budget ended.
func (r *run) stopped() *fault.Fault {
	return fault.New(fault.StillRunning,
		"The "+r.op.name+" of version "+r.Version+" did not finish: it was stopped on the way.",
		fault.AgainFirst+fault.OrRestart+".")
}

// placeholder writes a transitioning status for a sequence number that has no verdict yet:
// the platform must not wait for a run that is killed while it only reads. The status that
// an update finds is the verdict of another version.
func (r *run) placeholder() error {
	if r.Environment.StatusFolder == "" || r.Sequence < 0 || r.silent || !r.op.replaces && !r.op.decides {
		return nil
	}
	standing, err := status.Read(r.Environment.StatusFolder, r.Sequence)
	if err == nil && r.op.decides && (standing.Level == status.Success || standing.Level == status.Failure) {
		return nil
	}
	return r.writeStopped()
}

// statusFile is the status file of this run's sequence number. Its parent folder is created
// by the agent, or by setup where there is no agent, which tries again where it just
// failed: the write that follows reports the error.
func (r *run) statusFile() *status.File {
	if r.op.standalone && !r.host.Exists(r.Environment.BaseDir) {
		_ = r.host.EnsureDir(r.Environment.BaseDir, 0o700)
	}
	if r.file == nil {
		r.file = status.Open(r.Environment.StatusFolder, r.Sequence)
	}
	return r.file
}

// announce makes sure that a run that is killed from here on is not mistaken for a finished
// one.
func (r *run) announce() error {
	r.changing = true
	if !r.reports(outcome{fault: r.stopped()}) {
		return nil
	}
	return r.writeStopped()
}

func (r *run) writeStopped() error {
	if err := r.statusFile().Placeholder(failed(r.stopped(), nil).report(text.Capital(r.op.name))); err != nil {
		return facts.StatusUnwritable(err)
	}
	return nil
}

// alone waits for other runs of the handler, and for a transaction that an earlier run had
// to leave running.
func (r *run) alone(ctx context.Context) (release func(), err error) {
	if release, err = r.lock(ctx); err != nil {
		return nil, err
	}
	if err := r.awaitTransaction(ctx); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// unlessOwned takes the lock, with lock or alone, and works while it is held. What became
// the owner of the machine while this run waited is left to it instead.
func (r *run) unlessOwned(ctx context.Context, lock func(*run, context.Context) (func(), error), work func(*run, context.Context) outcome) outcome {
	release, err := lock(r, ctx)
	if err != nil {
		return failed(err, nil)
	}
	defer release()
	other, there, err := r.inTheWay()
	switch {
	case err != nil:
		return failed(err, nil)
	case there:
		return r.standDown(other)
	}
	return work(r, ctx)
}

// lock waits for other runs of the handler.
func (r *run) lock(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithDeadline(ctx, r.deadline.Add(-reserve))
	defer cancel()
	release, err = r.host.SingleRun(ctx, r.op.name+" of version "+r.Version)
	if errors.Is(err, host.ErrLocked) {
		return nil, fault.Wrap(err, fault.StillRunning, "Another run of this handler was at work all the time: "+strings.TrimPrefix(err.Error(), host.ErrLocked.Error()+": ")+".",
			"See what it does (pgrep -fa aadsshlogin-handler), let it finish"+fault.ThenAgain)
	}
	if err != nil {
		return nil, facts.Unlockable(err)
	}
	state.Sweep(r.host)
	return release, nil
}

// awaitTransaction waits for the package manager that an earlier run started.
func (r *run) awaitTransaction(ctx context.Context) error {
	ctx, cancel := context.WithDeadline(ctx, r.deadline.Add(-reserve))
	defer cancel()
	t, running := r.host.RunningTransaction()
	if !running {
		r.forgetTransaction()
		return nil
	}
	action := r.log.Started("%s", decide.Awaiting(&t))
	r.log.Infof("it runs %s", t.Command)
	for running {
		select {
		case <-ctx.Done():
			err := fault.Wrap(host.ErrStillRunning, fault.StillRunning,
				fmt.Sprintf("The package transaction that was started at %s still runs (process %d).", t.Since.Format("15:04:05 MST"), t.PID),
				"See what it prints (sudo tail -n 50 "+host.TransactionLog+"), wait for it to end"+fault.ThenAgain)
			action.Ended(err)
			return err
		case <-time.After(200 * time.Millisecond):
		}
		_, running = r.host.RunningTransaction()
	}
	action.Ended(nil)
	r.forgetTransaction()
	return nil
}

// forgetTransaction deletes the record of a transaction that has ended. What cannot be
// deleted does no harm: the next run finds it ended too.
func (r *run) forgetTransaction() {
	if err := r.host.ForgetTransaction(); err != nil {
		r.log.Warnf("%v", err)
	}
}

// gather reads the machine.
func (r *run) gather(ctx context.Context) *facts.Facts {
	return facts.Gather(ctx, r.host, r.question())
}

// gatherAgain reads what this run can have changed since before.
func (r *run) gatherAgain(ctx context.Context, before *facts.Facts) *facts.Facts {
	return facts.GatherAgain(ctx, r.host, r.question(), before)
}

// gatherLocally reads the machine without asking the metadata service.
func (r *run) gatherLocally(ctx context.Context) *facts.Facts {
	return r.gatherAgain(ctx, &facts.Facts{})
}

// question says what to read of the machine.
func (r *run) question() facts.Question {
	return facts.Question{
		Settings:        r.Settings,
		Unknown:         r.Unknown,
		Refused:         r.Refused,
		AgentDir:        r.Environment.AgentDir(),
		StatusFolder:    r.Environment.StatusFolder,
		Sequence:        r.Sequence,
		Getenv:          r.Getenv,
		IdentityTimeout: r.identityTimeout(),
	}
}

// identityTimeout leaves time for the verdict when the operation was given less time than
// its default.
func (r *run) identityTimeout() time.Duration {
	return max(min(r.op.identityTimeout, time.Until(r.deadline)-reserve), time.Second)
}

// goal is what the run wants of the machine.
func (r *run) goal(f *facts.Facts) decide.Goal {
	return r.op.goal(r.self(), f.Owner, f.Receipt)
}
