package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"aadssh/internal/agent"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/standalone"
	"aadssh/internal/state"
	"aadssh/internal/watch"
	"aadssh/pkgmgr"
)

// setup does what install and enable do, on a machine whose agent is not asked.
// Where only the identity is missing, its watch stays and finishes the work: no
// agent would run setup again.
func (r *run) setup(ctx context.Context) outcome {
	release, err := r.lock(ctx)
	if err != nil {
		return failed(err, nil)
	}
	defer release()
	if other, there, err := r.inTheWay(); err != nil {
		return failed(err, nil)
	} else if there { // it came while we waited
		return r.standDown(other)
	}
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

// keep has the settings written down. Where another setup kept its own while this one
// waited, or remove took them away, the number that this run reports under is another.
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

// remove is uninstall for a machine that setup set up.
func (r *run) remove(ctx context.Context) outcome {
	if !r.host.Exists(stateDir) && !watch.There(r.host) {
		return outcome{message: "There is nothing of setup on this machine."}
	}
	release, err := r.alone(ctx)
	if err != nil {
		return failed(err, nil)
	}
	defer release()
	if other, there, err := r.inTheWay(); err != nil {
		return failed(err, nil)
	} else if there { // it came while we waited
		return r.standDown(other)
	}
	receipt, err := r.withoutPackages(ctx)
	if err != nil {
		return failed(err, nil)
	}
	return r.takeAway(ctx, receipt)
}

// withoutPackages is the part of remove that may be refused. Until the packages are
// gone the program stays: whoever is refused runs it again.
func (r *run) withoutPackages(ctx context.Context) (receipt state.Receipt, err error) {
	if _, err := state.GiveBack(r.host); err != nil { // an extension never did
		return receipt, facts.StateUnwritable(err)
	}
	if receipt, err = state.ReadReceipt(r.host); err != nil {
		return receipt, unreadable(err)
	}
	if watch.There(r.host) && len(receipt.Files) == 0 { // the watch's own files were written down first
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

// forgotten is what remove does where somebody has deleted what setup wrote down: the
// watch goes, which is known by its name, and nothing else.
func (r *run) forgotten(ctx context.Context) error {
	if err := errors.Join(r.unwatch(ctx), r.host.RemoveTree(stateDir)); err != nil {
		return facts.StateUnwritable(err)
	}
	return fault.New(fault.Disk, "What setup had written down in "+stateDir+" is gone, so it is not known what came by it. Its watch was removed, and nothing else.",
		"Run setup again where people are to sign in; else remove the packages: "+byEither("aadsshlogin", "aadsshlogin-selinux"))
}

// inUse is why packages that setup brought cannot be removed now.
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

// standDown leaves the machine to its owner. What setup was asked for is then the
// owner's to answer; what remove was asked for has not been done.
func (r *run) standDown(s Standing) outcome {
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

// by is how its owner's program is run on a machine that setup set up.
func (r *run) by(s Standing) string {
	for _, path := range []string{watch.Copy(r.host), s.Program} {
		if path != "" && path != host.Program() && r.host.Exists(path) {
			return "Use its own program: sudo " + path
		}
	}
	return "Bring the program of version " + s.Version + " to this machine, and run: sudo ./aadsshlogin-handler"
}

// sharing is another handler than ours that the agent has, and whose packages
// are the same; "" where there is none. The error is why that is not known.
func (r *run) sharing() (string, error) {
	r.host.Unread() // what was met before is not part of this question
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

// asFound is what the receipt says of a package that is put on a machine where
// another handler has, or had, the same one: it is not ours to remove.
func (r *run) asFound() (string, error) {
	o, found, err := readOwner(r.host)
	if found && o.OtherHandler != "" {
		return state.AsFound, nil
	}
	return "", err
}

// gone is the one line of a removal that did all it had to.
func (r *run) gone(ctx context.Context) string {
	if other, _ := r.sharing(); other != "" {
		return "Removed. The packages stay, for the VM extension " + other + " has the same."
	}
	if !r.op.standalone {
		return "Uninstalled: the machine is as it was before the extension."
	}
	f := facts.LookAgain(ctx, r.host, r.question(), &facts.Facts{})
	var stay []string
	for _, name := range f.Wanted() {
		if f.TargetErr == nil && f.PackagesErr == nil && f.Packages[name].State != pkgmgr.Absent {
			stay = append(stay, name)
		}
	}
	if len(stay) == 0 {
		return "Uninstalled: the machine is as it was before setup."
	}
	names := strings.Join(stay, " and ")
	return "Removed what setup brought. " + names + " stays, for it was there before. To remove it too: " + byHand(f.Target.Manager, stay...)
}

// giveBack makes setup the owner again, where this extension had found it: with
// its receipt, and with the watch, which this version of the program now keeps.
// It reports false where there was no setup. setup is the owner first: whatever
// becomes of the rest, nobody else removes what its receipt names. unwatched is
// what a person has to know of a watch that is not as it should be. Where putting it
// up failed, the return has not ended: whoever comes next tries again, be it this
// uninstall, setup or remove.
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
	// A folder for programs that is read-only may be so by design.
	if f := fault.ByCause(fault.Wrap(err, fault.Internal, what, "")); f.Code != fault.Internal && !errors.Is(err, syscall.EROFS) {
		_, next = r.toSetup("", f.Remedy())
		return true, "", fault.Wrap(err, f.Code, f.What, next)
	}
	return true, strings.TrimSpace(what + " " + next), nil
}

// watchForSetup puts the watch of setup up again, and says what is wrong where it
// is not as it should be, and what it failed over.
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
	if put.Answer == preflight.Pass {
		return "", "", err
	}
	what, next = r.toSetup(put.Text, put.Next)
	return what, next, err
}

// toSetup are texts of the extension for whoever runs setup from now on, where the
// program that says them goes away.
func (r *run) toSetup(what, next string) (string, string) {
	speaker := standalone.Setup()
	speaker.Program = watch.Copy(r.host)
	if speaker.Program == "" {
		speaker.Program = "./aadsshlogin-handler"
		next = strings.TrimSpace("Bring the program of version " + r.Version + " to this machine. " + next)
	}
	return speaker.Words(what), speaker.Words(next)
}

// GiveBack is what the watch does for an extension that the agent dropped
// without a word: setup, which it had found, gets the machine back. It reports
// false where there was no setup. The caller holds no lock.
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
