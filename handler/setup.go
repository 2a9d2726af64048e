package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/standalone"
	"aadssh/internal/state"
	"aadssh/internal/watch"
	"aadssh/pkgmgr"
)

// setup does what install and enable do, on a machine without an agent. If only the
// identity is missing, its watch stays and finishes the work, because no agent would run
// setup again.
func (r *run) setup(ctx context.Context) outcome {
	return r.unlessOwned(ctx, (*run).lock, (*run).setupLocked)
}

func (r *run) setupLocked(ctx context.Context) outcome {
	if err := r.keep(); err != nil {
		return failed(err, nil)
	}
	v := r.convergeLocked(ctx)
	waits := v.code().Is(fault.Passing)
	if waits {
		if err := r.own(); err != nil {
			return failed(err, v.results)
		}
	}
	r.handToWatch(ctx, &v, waits || v.code().Is(fault.Watched))
	return v
}

// keep saves the settings. If another setup saved its own while this one waited, or remove
// deleted them, the sequence number of this run's report changes.
func (r *run) keep() error {
	if r.Keep == nil {
		return nil
	}
	offer, err := r.Keep()
	var said *fault.Fault
	if errors.As(err, &said) {
		return said
	}
	if err != nil {
		return facts.StateUnwritable(err)
	}
	r.Settings, r.Unknown = offer.Settings, offer.Unknown
	if offer.Sequence == r.Sequence {
		return nil
	}
	r.statusFile().Close()
	r.file, r.Sequence = nil, offer.Sequence
	return r.placeholder()
}

// remove is the uninstall of a machine that setup set up.
func (r *run) remove(ctx context.Context) outcome {
	if !r.host.Exists(stateDir) && !watch.There(r.host) {
		return outcome{message: "There is nothing of setup on this machine."}
	}
	return r.unlessOwned(ctx, (*run).alone, (*run).removeLocked)
}

func (r *run) removeLocked(ctx context.Context) outcome {
	receipt, err := r.withoutPackages(ctx)
	if err != nil {
		return failed(err, nil)
	}
	return r.takeAway(ctx, receipt)
}

// withoutPackages is the part of remove that may be refused. The program stays until the
// packages are gone, so that a person who is refused can run it again.
func (r *run) withoutPackages(ctx context.Context) (receipt state.Receipt, err error) {
	if _, err := state.GiveBack(r.host); err != nil { // left by an extension that never did
		return receipt, facts.StateUnwritable(err)
	}
	if receipt, err = state.ReadReceipt(r.host); err != nil {
		return receipt, unreadable(err)
	}
	if watch.There(r.host) && len(receipt.Files) == 0 { // the watch's own files are always recorded first
		return receipt, r.forgotten(ctx)
	}
	if err := r.inUse(ctx, receipt); err != nil {
		return receipt, err
	}
	if r.Watch != nil {
		if err := r.Watch.End(ctx); err != nil {
			r.log.Warnf("the watch could not be ended: %v", err)
		}
	}
	return receipt, r.removePackages(ctx, receipt)
}

// forgotten is remove without a receipt, because somebody deleted it: it only removes the
// watch, which is known by its name.
func (r *run) forgotten(ctx context.Context) error {
	if err := errors.Join(r.unwatch(ctx), r.host.RemoveTree(stateDir)); err != nil {
		return facts.StateUnwritable(err)
	}
	return fault.New(fault.Disk, "What setup had written down in "+stateDir+" is gone, so it is not known what came by it. Its watch was removed, and nothing else.",
		"Run setup again where people are to sign in; else remove the packages: "+byEither("aadsshlogin", "aadsshlogin-selinux"))
}

// inUse is why the packages that setup installed cannot be removed now.
func (r *run) inUse(ctx context.Context, receipt state.Receipt) error {
	if other, err := r.sharing(); err != nil || other != "" || len(brought(receipt)) == 0 {
		return err
	}
	if people := r.staying(ctx); len(people) > 0 {
		return fault.New(fault.PackageManagerFailed,
			fmt.Sprintf("%s is signed in (process %d), so nothing was removed.", people[0].User, people[0].PID),
			"After everybody has signed out (who -u), run it again: sudo "+host.Program()+" remove")
	}
	return nil
}

// standDown leaves the machine to its owner. setup ends with the owner's own verdict;
// remove ends with an error, because it removed nothing. uninstall succeeds: the agent only
// wants its handler gone.
func (r *run) standDown(s Standing) outcome {
	if !r.op.standalone {
		return outcome{message: leftTo(s)}
	}
	r.silent = true
	next := "Ask whoever set that extension (az, portal, policy) to delete it or to set it again; setup and remove work once it is gone."
	if s.Setup {
		next = r.by(s) + " " + r.op.name
		if r.op.converges {
			next += "; to go back to version " + r.Version + ": sudo " + host.Program() + " setup --allow-downgrade"
		}
	}
	if r.op.decides {
		return s.outcome(next)
	}
	return failed(fault.New(fault.Usage, "This machine belongs to "+s.Who()+", so nothing was removed.", next), nil)
}

// by is the command line of the owner's program, where setup owns the machine.
func (r *run) by(s Standing) string {
	for _, path := range []string{watch.Copy(r.host), s.Program} {
		if path != "" && path != host.Program() && r.host.Exists(path) {
			return "Use its own program: sudo " + path
		}
	}
	return "Bring the program of version " + s.Version + " to this machine, and run: sudo ./aadsshlogin-handler"
}

// sharing is another handler that the agent has and that uses the same packages; "" where
// there is none. The error says why that is not known.
func (r *run) sharing() (string, error) {
	r.host.Unread() // earlier read errors do not concern this question
	for _, h := range agent.Everywhere(r.host) {
		if h.Active() && !h.Own {
			return h.Name.Full(), nil
		}
	}
	if err := r.host.Unread(); err != nil {
		return "", unknownOwner(err)
	}
	return "", nil
}

// asFound is the origin that the receipt records for a package that is installed where
// another handler has, or had, the same one: it is not ours to remove.
func (r *run) asFound() (string, error) {
	o, found, err := readOwner(r.host)
	if found && o.OtherHandler != "" {
		return state.AsFound, nil
	}
	return "", err
}

// gone is the one line of a removal that left nothing undone. damaged says that a record of
// what this program installed was cut off once: what only that named was left.
func (r *run) gone(ctx context.Context, damaged bool) string {
	if other, _ := r.sharing(); other != "" {
		return "Removed. The packages stay, for the VM extension " + other + " has the same."
	}
	who := "the extension"
	if r.op.standalone {
		who = "setup"
	} else if !damaged {
		return "Uninstalled: the machine is as it was before the extension."
	}
	f := r.gatherLocally(ctx)
	var stay []string
	for _, name := range f.Wanted() {
		if f.TargetErr == nil && f.PackagesErr == nil && f.Packages[name].State != pkgmgr.Absent {
			stay = append(stay, name)
		}
	}
	names := strings.Join(stay, " and ")
	switch {
	case damaged && len(stay) == 0:
		return "Removed what is known to be of " + who + ". Its record was damaged once, so files of it may have stayed."
	case damaged:
		return "Removed what is known to be of " + who + ". Its record was damaged once, so " + names + " stays, which it may have brought. To remove it too: " + byHand(f.Target.Manager, stay...)
	case len(stay) == 0:
		return "Uninstalled: the machine is as it was before setup."
	}
	return "Removed what setup brought. " + names + " stays, for it was there before. To remove it too: " + byHand(f.Target.Manager, stay...)
}

// giveBack makes setup the owner again, where this extension replaced it: with its receipt,
// and with its watch, which this version of the program now runs. It returns false where
// there was no setup. The owner is changed first, so that no other program removes what
// setup's receipt names, whatever happens to the rest. unwatched is what a person has to
// know if the watch is not as it should be. If the watch could not be installed, the return
// is not complete: the next run of uninstall, setup or remove tries again.
func (r *run) giveBack(ctx context.Context) (given bool, unwatched string, err error) {
	owner, there, err := r.found()
	if err != nil || !there {
		return false, "", err
	}
	owner.Version, owner.Program = r.Version, "" // of the copy that the watch runs
	if err := owner.Write(r.host); err != nil {
		return true, "", facts.StateUnwritable(err)
	}
	if _, err := state.Restore(r.host); err != nil {
		return true, "", facts.StateUnwritable(err)
	}
	what, next, err := r.watchForSetup(ctx)
	if err == nil {
		if err := state.Restored(r.host); err != nil {
			return true, "", facts.StateUnwritable(err)
		}
	}
	if what == "" {
		return true, "", nil
	}
	r.log.Warnf("setup: %s", what)
	// A read-only folder for programs may be intended.
	if f := fault.ByCause(fault.Wrap(err, fault.Internal, what, "")); f.Code != fault.Internal && !errors.Is(err, syscall.EROFS) {
		_, next = r.toSetup("", f.Remedy())
		return true, "", fault.Wrap(err, f.Code, f.What, next)
	}
	return true, strings.TrimSpace(what + " " + next), nil
}

// watchForSetup installs setup's watch again. It returns what is wrong with the watch, and
// the error that installing it failed with.
func (r *run) watchForSetup(ctx context.Context) (what, next string, err error) {
	if r.Watch == nil {
		return "", "", nil
	}
	env := agent.Standalone(r.Version)
	sequence, err := agent.Sequence(env, func(string) string { return "" })
	if err != nil {
		what, next = r.toSetup("Nothing checks this machine, because what setup was given cannot be read: "+err.Error(), fault.AgainFirst+".")
		return what, next, err
	}
	settings, _, err := agent.ReadSettings(ctx, r.host, env, sequence)
	if err != nil {
		r.log.Warnf("%v", err)
	}
	put, err := r.Watch.Put(ctx, watch.Assignment{Environment: env, Sequence: sequence, Minutes: settings.Monitor})
	if put.Answer == check.Pass {
		return "", "", err
	}
	what, next = r.toSetup(put.Text, put.Next)
	return what, next, err
}

// toSetup rewrites texts of the extension for a person who runs setup from now on, because
// the extension's program is removed.
func (r *run) toSetup(what, next string) (string, string) {
	speaker := standalone.Setup()
	speaker.Program = watch.Copy(r.host)
	if speaker.Program == "" {
		speaker.Program = "./aadsshlogin-handler"
		next = strings.TrimSpace("Bring the program of version " + r.Version + " to this machine. " + next)
	}
	return speaker.Words(what), speaker.Words(next)
}

// GiveBack returns the machine to setup, for the watch of an extension whose folder is gone
// without an uninstall. It returns false where there was no setup. The caller must not hold
// the lock.
func GiveBack(ctx context.Context, q Request) (bool, error) {
	r, ctx, cancel := q.watching(ctx)
	defer cancel()
	release, err := r.lock(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	given, _, err := r.giveBack(ctx)
	return given, err
}
