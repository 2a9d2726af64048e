package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/internal/systemd"
)

// Keeper installs and removes the watch.
type Keeper struct {
	_ [0]func() // never compared: no code for == is linked

	Host *host.Host
	Self string // the file of the running program
}

// Assignment says what the watch has to check.
type Assignment struct {
	Environment agent.Environment
	Sequence    int
	Minutes     int // between two checks; 0: no watch
}

// About is the check whose result Put returns, or Health if nothing has to be installed.
func About() check.About {
	return check.About{Name: "monitor", Section: check.Machine, Group: "monitor", Sight: check.Anybody(), Asks: "Is the machine checked again after enable has ended?",
		Doc: "The timer and the path unit of the watch, and whether systemd could start its last check run. A machine without them is a warning: people can sign in all the same."}
}

// Put installs the watch for this version and sequence number. If it is already there
// nothing is written. A machine without a watch is a warning, because people can sign in
// all the same; the error is then why this run failed, and nil if this machine cannot or
// must not have a watch.
func (k *Keeper) Put(ctx context.Context, a Assignment) (check.Result, error) {
	if a.Minutes == 0 {
		if err := k.Remove(ctx); err != nil {
			return unwatched("the watch that the setting monitor switches off could not be removed: "+err.Error(), ""), err
		}
		return check.Result{Name: About().Name, Text: "This machine is not watched, as the setting monitor wants it."}, nil
	}
	if !systemd.Running() {
		if err := k.Remove(ctx); err != nil {
			k.Host.Log.Warnf("the rest of the watch: %v", err)
		}
		return unwatched("systemd does not run here", ""), nil
	}
	program, unsafe := place(k.Host)
	if program == "" {
		if err := k.Remove(ctx); err != nil {
			k.Host.Log.Warnf("the rest of the watch: %v", err)
		}
		return unwatched("others than root can write to "+unsafe+", and so could run as root what the watch runs", onlyRoot(unsafe)+" Then "+fault.Again+"."), nil
	}
	copy, err := k.copy(ctx, program)
	if Lacking(err) {
		return unsure(err), err
	}
	if err != nil {
		if removal := k.Remove(ctx); removal != nil {
			k.Host.Log.Warnf("the rest of the watch: %v", removal)
		}
		if errors.Is(err, syscall.EROFS) {
			return unwatched(filepath.Dir(program)+" is read-only", ""), err
		}
		return unwatched(err.Error(), "Check how the file system is mounted and what it has room for (findmnt -T "+program+"; df -h "+filepath.Dir(program)+")"+fault.AndAgain), err
	}
	if err = k.start(ctx, program, copy, a); err != nil {
		return notStarted(err, a)
	}
	r := check.Result{Name: About().Name, Text: fmt.Sprintf("This machine is checked every %d minutes, and when a file that matters changes.", a.Minutes)}
	if unsafe != "" {
		r.Answer, r.Next = check.Warn, onlyRoot(unsafe)+" Then "+fault.Again+"."
		r.Text += " The watch's program is " + program + ", because others than root can write to " + unsafe + "."
	}
	return r, nil
}

// notStarted is the result of Put if start failed with err, wholly or in part.
func notStarted(err error, a Assignment) (check.Result, error) {
	var timerOnly *timerOnlyError
	if errors.As(err, &timerOnly) {
		cause := err
		if fault.ByCause(fault.Wrap(err, fault.Internal, "", "")).Code == fault.Internal {
			cause = nil // systemd's own answer. What this process lacked, such as file handles, the next one may have
		}
		return check.Result{Name: About().Name, Answer: check.Warn,
			Text: fmt.Sprintf("This machine is checked every %d minutes, but not when a file that matters changes: %s.", a.Minutes, err),
			// systemd uses one for each path of the unit (path_spec_watch in its path.c),
			// of the 128 that root has by default; other programs may use all of them
			// (inotify(7)).
			Next: "Run: sudo systemctl status " + pathUnit + "; where inotify instances are used up: sudo sysctl fs.inotify.max_user_instances=1024"}, cause
	}
	if masked := (*maskedError)(nil); errors.As(err, &masked) {
		return incomplete(err.Error(), unmask(masked.unit)), err
	}
	if Lacking(err) {
		return unsure(err), err
	}
	if errors.Is(err, errBlind) {
		return unwatched(err.Error(), seeLooks+fault.ThenAgain), nil
	}
	return unwatched(err.Error(), "Run: systemctl status "+timerUnit+" "+pathUnit+fault.ThenAgain), err
}

// seeLooks is how to find out why checks fail.
const seeLooks = "See why: sudo systemctl status " + lookUnit + "; sudo journalctl -u aadsshlogin-handler -n 20"

// onlyRoot is the command that makes a folder writable for root alone.
func onlyRoot(dir string) string {
	return "Run: sudo chown root: " + dir + " && sudo chmod go-w " + dir + "."
}

func unwatched(why, next string) check.Result {
	return check.Result{Name: About().Name, Answer: check.Warn, Next: next,
		Text: "Nothing checks this machine " + fault.BetweenRuns + ": " + why + ". A change that breaks sign-in shows at the next run."}
}

// Lacking reports whether something failed because this run could not open, read or start
// something. That says nothing about an installed watch, so it stays.
func Lacking(err error) bool {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
		if errors.Is(err, full) {
			return false
		}
	}
	return fault.Resource(err) != nil || errors.Is(err, fs.ErrPermission)
}

func unsure(err error) check.Result {
	return check.Result{Name: About().Name, Answer: check.Warn, Next: fault.ByCause(fault.Wrap(err, fault.Disk, "", "Run: sudo systemctl status "+timerUnit+" "+pathUnit+fault.ThenAgain)).Remedy(),
		Text: "Whether anything checks this machine " + fault.BetweenRuns + " is not known: " + err.Error() + "."}
}

// Follow makes an installed watch report under another sequence number.
func (k *Keeper) Follow(a Assignment) error {
	r, found, err := readRecord(k.Host)
	if !found {
		return err
	}
	return k.record(a, r.Made)
}

// record writes the checks' sequence number, and deletes what one of them suspected,
// because a run has checked the machine since.
func (k *Keeper) record(a Assignment, copy *made) error {
	stateful := k.Host.Exists(agent.StateFile(a.Environment.BaseDir))
	if err := (Record{BaseDir: a.Environment.BaseDir, Sequence: a.Sequence, Stateful: stateful, Made: copy}).write(k.Host); err != nil {
		return err
	}
	m := readMemory(k.Host)
	m.Suspect, m.Deleted, m.Told = "", "", nil
	return m.write(k.Host)
}

// write gives files their wanted content.
func (k *Keeper) write(files ...file) (changed bool, err error) {
	receipt, err := state.ReadReceipt(k.Host)
	if err != nil { // damaged: it is replaced by an empty one, which names nothing as ours but this
		if err = state.SetAside(k.Host, err); err != nil {
			return false, err
		}
	}
	receipt = receipt.Clone()
	for _, f := range files {
		note := state.File{SHA256: state.Hash(f.content)}
		if was := receipt.Files[f.path]; was.Before == note.SHA256 { // setup's, and unchanged
			note.Before = was.Before
		}
		receipt.Files[f.path] = note
		if dir := filepath.Dir(f.path); !k.Host.Exists(dir) && !slices.Contains(receipt.Folders, dir) {
			receipt.Folders = append(receipt.Folders, dir)
		}
	}
	if err := receipt.Write(k.Host); err != nil {
		return false, err
	}
	for _, f := range files {
		if dir := filepath.Dir(f.path); !k.Host.Exists(dir) {
			if err := k.Host.EnsureDir(dir, 0o755); err != nil {
				return changed, err
			}
		}
		wrote, err := k.Host.EnsureFile(f.path, f.content, f.mode)
		if err != nil {
			return changed, err
		}
		changed = changed || wrote
	}
	return changed, nil
}

// start makes systemd read the units, and starts those that do not run as they should.
func (k *Keeper) start(ctx context.Context, program string, copy *made, a Assignment) error {
	files, err := unitFiles(program, a.Environment, a.Minutes)
	if err != nil {
		return err
	}
	for _, f := range files {
		if target, err := k.Host.Readlink(f.path); err == nil && target == "/dev/null" {
			return &maskedError{filepath.Base(f.path)} // somebody masked it on purpose, and writing the file would undo that
		}
	}
	if err := k.record(a, copy); err != nil {
		return err
	}
	changed, err := k.write(files...)
	if err != nil {
		return err
	}
	asked, err := systemd.States(ctx, append(started(), lookUnit)...)
	if err != nil {
		return err
	}
	units, look := asked[:len(asked)-1], asked[len(asked)-1]
	for _, u := range units {
		if u.Load == "masked" {
			return &maskedError{u.Name}
		}
		if !u.IsActive() || u.File != "enabled" || u.Stale {
			changed = true
		}
	}
	if !changed && look.Active == "failed" { // the last check could not do its work
		return k.prove(ctx)
	}
	if !changed {
		return nil
	}
	action := k.Host.Log.Started("start %s and %s", timerUnit, pathUnit)
	// They are stopped first: active units would continue with their old settings.
	if err := systemd.StopAndDisable(ctx, started()...); err != nil {
		return action.Ended(err)
	}
	if err := systemd.EnableAndStart(ctx, timerUnit); err != nil {
		return action.Ended(err)
	}
	if err := systemd.EnableAndStart(ctx, pathUnit); err != nil {
		return action.Ended(&timerOnlyError{err})
	}
	return action.Ended(k.prove(ctx))
}

// prove lets systemd start a check: that the program runs here does not show that it does
// in the sandbox and under the account of the unit. The check finds that this run holds the
// lock, and ends at once.
func (k *Keeper) prove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if job := (*systemd.JobError)(nil); errors.As(systemd.Start(ctx, lookUnit), &job) {
		return errBlind
	}
	return nil // anything else, such as a busy systemd, says nothing about the watch
}

// errBlind: a check could not do its work.
var errBlind = errors.New(lookUnit + " fails when systemd starts it")

// maskedError: somebody has masked a unit of the watch.
type maskedError struct{ unit string }

func (e *maskedError) Error() string { return e.unit + " is masked" }

// timerOnlyError is why only the timer starts checks.
type timerOnlyError struct{ err error }

func (e *timerOnlyError) Error() string { return e.err.Error() }
func (e *timerOnlyError) Unwrap() error { return e.err }

// There reports whether any unit of the watch is on the machine.
func There(h *host.Host) bool {
	return slices.ContainsFunc(allUnits(), func(unit string) bool { return h.Exists(unitDir + "/" + unit) })
}
