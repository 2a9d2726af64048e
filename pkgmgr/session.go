package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// Session uses one package manager on one machine. Errors of its methods are *fault.Fault.
type Session struct {
	_ [0]func() // never compared: no code for == is linked

	Host    *host.Host
	Manager *Manager
	Source  Source // with All set, only the machine's own sources are meant, none is ours

	// Reserve is how long before ctx ends the wait for a lock is given up, so that there is
	// time to report it. 0 means ten seconds.
	Reserve time.Duration
	// LockWait is how long the manager itself waits, if it can, for a lock that was taken
	// after we had found it free. 0 means the constant LockWait.
	LockWait time.Duration
	// Pause is the time between two checks of a lock. If only the manager can tell whether
	// its lock is free, it is run again after growing pauses, up to twenty times this one.
	// An overloaded server is tried again after about 8, 24 and 72 times as long. 0 means
	// half a second.
	Pause time.Duration
}

// Query asks only the package database about names. Every name is in the result. It starts
// one process.
func (s *Session) Query(ctx context.Context, names ...string) (Packages, error) {
	c := s.Manager.Query(names)
	// A database with damaged shared memory makes rpm wait forever or crash.
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	r, err := s.Host.Runner.Run(ctx, c)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) && len(s.stale()) > 0 {
			err = errors.Join(ErrInterrupted, err)
		}
		return nil, s.notRun(c, err)
	}
	if f := s.emptied(); f != nil {
		return nil, f
	}
	packages, err := s.Manager.ParseQuery(r, names)
	if err != nil && r.ExitCode < 0 && len(s.stale()) > 0 {
		err = errors.Join(ErrInterrupted, err) // rpm crashed because of it
	}
	return packages, err
}

// emptied is the fault of a package database that is empty: the manager then knows no
// package, and would install all dependencies of ours over the existing files.
func (s *Session) emptied() *fault.Fault {
	if s.Manager.Database == "" || !s.Host.Exists(path.Dir(s.Manager.Database)) {
		return nil
	}
	info, err := s.Host.Stat(s.Manager.Database)
	if err == nil && (info.Size() > 0 || !info.Mode().IsRegular()) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // the manager itself reports what is wrong with it
	}
	return fault.New(fault.PackageManagerFailed,
		"The package database "+s.Manager.Database+" is empty or gone, so that no package counts as installed.", lastGoodCopy)
}

// kind is the kind of a command, which decides how long it may take.
type kind int

const (
	reads        kind = iota
	refreshes         // fetches the metadata of our source
	refreshesAll      // fetches that of every source: some may be slow
	transacts         // changes packages: we never end it
)

// How long a query and a refresh may take. The time counts from the start of the command:
// the time before it, while another process holds a lock, counts towards the operation's
// own.
const (
	queryLimit      = 30 * time.Second
	refreshLimit    = 2 * time.Minute
	refreshAllLimit = 5 * time.Minute
)

// limit is the context for a command of this kind that starts now.
func (k kind) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	switch k {
	case refreshes:
		return context.WithTimeout(ctx, refreshLimit)
	case refreshesAll:
		longest := refreshAllLimit
		if end, ok := ctx.Deadline(); ok { // the installation itself needs time too
			longest = min(longest, time.Until(end)/2)
		}
		return context.WithTimeout(ctx, longest)
	}
	return ctx, func() {}
}

// Refresh fetches the metadata of our source alone.
func (s *Session) Refresh(ctx context.Context) error { return s.refresh(ctx, s.Source) }

// RefreshAll fetches the metadata of every source of the machine. Errors in other sources
// are only logged: an installation that needs them will report what is missing.
func (s *Session) RefreshAll(ctx context.Context) error {
	all := s.Source
	all.All = true
	err := s.refresh(ctx, all)
	if err != nil {
		s.Host.Log.Warnf("not every package source could be refreshed: %v", err)
	}
	return err
}

func (s *Session) refresh(ctx context.Context, source Source) error {
	if f := s.fitsSource(source); f != nil {
		return f
	}
	k := refreshes
	if source.All {
		k = refreshesAll
	}
	var again retries
	var before *fault.Fault
	for {
		d, err := s.try(ctx, s.Manager.Refresh(source), k)
		if err != nil {
			if before != nil && ctx.Err() != nil {
				return before // the server's answer, not that our time ended during another try
			}
			return err
		}
		before = d.fault
		others := source.All && !s.Source.All // we do not wait for their servers
		if d.step != later || others || !again.wait(ctx, s) {
			return orNil(d.fault)
		}
	}
}

// ImportKey makes the manager trust the keys of a file that was verified, if the repository
// definition alone does not do that.
func (s *Session) ImportKey(ctx context.Context, path string) error {
	if s.Manager.ImportKey == nil {
		return nil
	}
	d, err := s.run(ctx, s.Manager.ImportKey(path), transacts)
	if err != nil {
		return err
	}
	return orNil(d.fault)
}

// alone reports whether packages are fetched from our source alone, and their dependencies
// from any source.
func (s *Session) alone() bool { return s.Manager.FetchFiles != nil && !s.Source.All }

// Versions lists the versions of a package in the source, newest first. An empty list is no
// error.
func (s *Session) Versions(ctx context.Context, name string) ([]string, error) {
	source := s.Source
	source.All = source.All || s.Manager.AllFirst && !s.alone()
	c := s.Manager.Versions(source, name)
	r, err := s.Host.Runner.Run(ctx, c)
	if err != nil {
		return nil, s.notRun(c, err)
	}
	return s.Manager.ParseVersions(r, name), nil
}

// run runs one command once nobody else uses the package manager, and again if another
// process took the lock first. A lock that stays held is a fault of code 25.
func (s *Session) run(ctx context.Context, c host.Command, k kind) (diagnosis, error) {
	longer := s.pause() // between two tries, if only a try shows that the lock is free
	for waited := false; ; waited = true {
		busy := s.busy(s.Manager.Locks)
		told := busy == nil
		if told {
			d, err := s.once(ctx, c, k)
			if err != nil || d.fault == nil || d.fault.Code != fault.PackageManagerBusy {
				return d, err
			}
			busy = d.fault
		}
		if !waited {
			s.Host.Log.Infof("waiting: %s", busy.What)
		}
		// Jitter, because many machines of a scale set do this in the same minute.
		wait := s.pause()/2 + rand.N(s.pause())
		if told {
			wait = longer/2 + rand.N(longer)
			longer = min(2*longer, 20*s.pause())
		}
		if !s.sleepWhileHeld(ctx, wait) {
			return diagnosis{}, busy
		}
	}
}

func (s *Session) once(ctx context.Context, c host.Command, k kind) (diagnosis, error) {
	ctx, cancel := k.limit(ctx)
	defer cancel()
	run := s.Host.Runner.Run
	if k == transacts {
		run = s.Host.Runner.Transact
	}
	r, err := run(ctx, c)
	d := s.Manager.diagnose(c, r)
	d.result = r
	if err != nil {
		err = s.unended(c, r, err)
		if f := fault.Of(err); f.Code == fault.PackageManagerBusy {
			return diagnosis{fault: f, result: r}, nil
		}
		return diagnosis{}, err
	}
	if d.step == unexplained {
		if busy := s.busy(s.Manager.Locks); busy != nil {
			return diagnosis{fault: busy, result: r}, nil
		}
	}
	if k != transacts {
		d.inNoFile(c)
	}
	if d.look != nil {
		if f := d.look(ctx, s.Host, s.Source); f != nil {
			d.fault, d.step = fault.Wrap(d.fault, f.Code, f.What, f.Remedy()), none
		}
	}
	if d.fault != nil && d.fault.Code == fault.RepositoryUntrusted && s.Manager.Denied != nil {
		if f := s.Manager.Denied(s.Host, s.Source); f != nil {
			d.fault, d.step = fault.Wrap(d.fault, f.Code, f.What, f.Remedy()), none
		}
	}
	return d, nil
}

// unended is the fault of a command that could not be run or that we ended; its output
// shows if it was waiting for a lock and not for a server.
func (s *Session) unended(c host.Command, r host.Result, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		if f := s.Manager.Classify(c, r); f != nil && f.Code == fault.PackageManagerBusy {
			return f
		}
	}
	return s.notRun(c, err)
}

// notRun is the fault of a command that could not be run or did not end.
func (s *Session) notRun(c host.Command, err error) error {
	unsafe := (*host.UnsafeProgramError)(nil)
	switch {
	case errors.Is(err, host.ErrStillRunning):
		what := brief(c)
		if t, running := s.Host.RunningTransaction(); running {
			what += fmt.Sprintf(" (process %d)", t.PID)
		}
		return fault.Wrap(err, fault.StillRunning, "The package transaction takes longer than the agent waits, and goes on: "+what+".",
			"Wait until it is done (tail -f "+transactionLog+")"+andAgain)
	case errors.Is(err, host.ErrNoProc):
		return fault.Wrap(err, fault.Disk, fmt.Sprintf("%s was not run: %v.", c.Name, err), "Mount it: sudo mount -t proc proc /proc"+andAgain)
	case errors.As(err, &unsafe):
		part := text.Quote(unsafe.Part)
		return fault.Wrap(err, fault.PackageManagerFailed, fmt.Sprintf("%s was not run: %v.", c.Name, err),
			"Make it root's alone, and "+fault.Again+": sudo chown root: "+part+" && sudo chmod go-w "+part)
	case errors.Is(err, host.ErrNotFound):
		return fault.Wrap(err, fault.PackageManagerFailed, "The program "+c.Name+" is not on this machine.",
			fmt.Sprintf("Put %s back: without it the package manager (%s) does not work"+andAgain, c.Name, s.Manager.Name))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		if c.Changes { // fetching mostly takes that long because of a server
			return fault.Wrap(err, fault.RepositoryUnreachable, c.Name+" did not finish in time: a server does not answer, or only slowly, or the program hangs.",
				"See where it stops: sudo "+brief(c)+fault.ThenAgain)
		}
		what := c.Name + " did not answer in time"
		if hangs := (*host.HangsError)(nil); errors.As(err, &hangs) {
			what = hangs.Error()
		}
		return fault.Wrap(err, fault.PackageManagerFailed, what+".",
			"See where it stops: sudo "+brief(c)+fault.ThenAgain)
	}
	file := (*fs.PathError)(nil)
	if errors.As(err, &file) && file.Path == os.DevNull {
		return fault.Wrap(err, fault.Disk, fmt.Sprintf("%s was not run: %v.", c.Name, file), makeNull+fault.ThenAgain)
	} else if file != nil && file.Op != "fork/exec" {
		return fault.Wrap(err, fault.Disk, fmt.Sprintf("%s was not run, because its output could not be written: %v.", c.Name, file),
			fmt.Sprintf("See what is there (ls -ld %[1]s; df -h %[1]s), remove or repair it"+andAgain, file.Path))
	}
	code := fault.Internal
	if file != nil { // the kernel does not start it: its mode, its file system, a security module
		code = fault.PackageManagerFailed
	}
	return fault.Wrap(err, code, fmt.Sprintf("%s could not be run: %v.", c.Name, err),
		fmt.Sprintf("See what keeps root from running it (ls -lZ $(command -v %[1]s); findmnt -T $(command -v %[1]s))", c.Name)+andAgain)
}

// orNil converts a nil *fault.Fault to a nil error.
func orNil(f *fault.Fault) error {
	if f == nil {
		return nil
	}
	return f
}
