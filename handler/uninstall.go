package handler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/internal/state"
	"aadssh/internal/watch"
	"aadssh/pkgmgr"
)

// disable removes nothing: people can still sign in. It never fails, because the agent
// would neither uninstall nor upgrade a handler whose disable does.
func (r *run) disable(ctx context.Context) outcome {
	other, there, err := r.inTheWay()
	switch {
	case err != nil:
		r.log.Warnf("%v", err)
		return outcome{message: "Disabled. " + fault.Of(err).What + " What watches it was left."}
	case there:
		return outcome{message: "Disabled. This machine belongs to " + other.Who() + ", which goes on watching it."}
	}
	if err := r.unwatch(ctx); err != nil {
		r.log.Warnf("the watch could not be removed: %v", err)
	}
	return outcome{message: "Disabled: this handler no longer watches the machine. What is installed stays; uninstall removes it."}
}

// uninstall leaves the machine as it was found, unless another version takes it over or
// already owns it.
func (r *run) uninstall(ctx context.Context) outcome {
	to, taken, err := r.handedOver()
	if err != nil {
		return failed(err, nil)
	}
	if taken {
		return outcome{message: "Version " + to + " takes over; nothing was removed."}
	}
	other, there, err := r.inTheWay()
	if err != nil {
		return failed(err, nil)
	}
	if there { // so that it does not wait for the run of another owner
		return r.yield(ctx, other)
	}
	return r.unlessOwned(ctx, (*run).alone, (*run).uninstallLocked)
}

func (r *run) uninstallLocked(ctx context.Context) outcome {
	receipt, err := state.ReadReceipt(r.host)
	if err != nil {
		return r.withoutReceipt(ctx, err)
	}
	return r.takeAway(ctx, receipt)
}

// withoutReceipt removes the watch alone. If the receipt is damaged, the machine is given
// back to the setup that this extension replaced.
func (r *run) withoutReceipt(ctx context.Context, why error) outcome {
	if err := r.unwatch(ctx); err != nil {
		r.log.Warnf("the watch could not be removed: %v", err)
	}
	said := fault.Of(unreadable(why))
	if fault.Unreadable(why) {
		return failed(said, nil)
	}
	given, unwatched, err := r.giveBack(ctx)
	switch {
	case err != nil:
		return failed(err, nil)
	case given:
		return outcome{message: strings.TrimSpace(said.What + " So nothing was removed, and the machine belongs to setup again. " + unwatched)}
	}
	return failed(said, nil)
}

// leftTo is the message of an uninstall that leaves the machine to its owner.
func leftTo(other Standing) string {
	return "This machine belongs to " + other.Who() + "; nothing was removed."
}

// yield leaves the machine to its owner. If an earlier uninstall was killed while it gave
// the machine back to setup, it completes that.
func (r *run) yield(ctx context.Context, other Standing) outcome {
	message := leftTo(other)
	if other.Setup && state.Returning(r.host) {
		release, err := r.alone(ctx)
		if err != nil {
			return failed(err, nil)
		}
		defer release()
		_, unwatched, err := r.giveBack(ctx)
		if err != nil {
			return failed(err, nil)
		}
		message = strings.TrimSpace(message + " " + unwatched)
	}
	return outcome{message: message}
}

// unreadable is the fault of a receipt that cannot be read, so that it is not known what we
// installed.
func unreadable(err error) error {
	return fault.Wrap(err, fault.Disk, "The receipt of what was installed cannot be read: "+err.Error()+".",
		"The packages were left. Remove them, run: "+byEither("aadsshlogin", "aadsshlogin-selinux")+"; then: sudo rm -r "+stateDir)
}

// takeAway leaves the machine as it was found. Every step runs, even if one before it
// failed, and what is already gone is no error. The caller holds the lock.
func (r *run) takeAway(ctx context.Context, receipt state.Receipt) outcome {
	if err := r.unwatch(ctx); watch.Lacking(err) {
		return failed(fault.ByCause(fault.Wrap(err, fault.Disk, "What checks this machine could not be stopped, so its files and the state were left: "+err.Error()+".", "")), nil)
	} else if err != nil { // its files are in the receipt too
		r.log.Warnf("the watch could not be removed: %v", err)
	}
	var troubles []error
	for _, step := range []struct {
		name string
		run  func(context.Context, state.Receipt) error
	}{
		{"packages", r.removePackages},
		{"files", r.removeFiles},
		{"reload", r.reloadAfterRemoval},
	} {
		if err := step.run(ctx, receipt); err != nil {
			r.log.Errorf("uninstall %s: %v", step.name, err)
			troubles = append(troubles, err)
		}
	}
	if !r.op.standalone {
		given, unwatched, err := r.giveBack(ctx) // also after a failure, because the agent does not run this again
		if err != nil {
			troubles = append(troubles, err)
		}
		if given && len(troubles) == 0 {
			return outcome{message: strings.TrimSpace("Uninstalled: the machine is as it was before the extension, and belongs to setup again. " + unwatched)}
		}
	}
	if len(troubles) > 0 {
		return failed(troubles[0], nil)
	}
	// The receipt goes last: after a failure, a later installation and uninstall can finish
	// the work.
	damaged := state.Damaged(r.host)
	if err := r.host.RemoveTree(stateDir); err != nil {
		return failed(fault.Wrap(err, fault.Disk, "The handler's state cannot be removed: "+err.Error()+".", ""), nil)
	}
	r.forgetTransaction() // no later run would
	return outcome{message: r.gone(ctx, damaged)}
}

// removePackages removes the packages that we installed. Those that were there before stay.
// Nobody's session is ended: packages that somebody uses stay too.
func (r *run) removePackages(ctx context.Context, receipt state.Receipt) error {
	ours := brought(receipt)
	other, err := r.sharing()
	if err != nil {
		return err
	}
	if len(ours) > 0 && other != "" {
		r.log.Infof("%s stays: %s has the same packages", strings.Join(ours, " and "), other)
		return nil
	}
	if len(ours) == 0 {
		return nil
	}
	f := r.gatherLocally(ctx)
	if why := f.UnreadRelease(); why != nil {
		return why
	}
	if f.TargetErr != nil {
		return fault.Wrap(f.TargetErr, fault.DistroUnsupported,
			fmt.Sprintf("The extension does not know this distribution any more, so the packages were left in place: %v.", f.TargetErr),
			"Remove them, run: "+byEither(ours...))
	}
	if f.PackagesErr != nil {
		return f.PackagesErr
	}
	ours = slices.DeleteFunc(ours, func(n string) bool { return f.Packages[n].State == pkgmgr.Absent })
	if len(ours) == 0 {
		return nil
	}
	session, err := r.session(f)
	if err != nil {
		return err
	}
	if people := r.staying(ctx); len(people) > 0 {
		return fault.New(fault.PackageManagerFailed,
			fmt.Sprintf("%s is signed in (process %d), so the packages were left in place.", people[0].User, people[0].PID),
			"After everybody has signed out (who -u), remove them by hand: "+byHand(f.Target.Manager, ours...))
	}
	if err := state.SetReloadPending(r.host); err != nil {
		return fault.Wrap(err, fault.Disk, "The handler's state cannot be written: "+err.Error()+".", "")
	}
	if err := session.Remove(ctx, ours); err != nil {
		return err
	}
	r.removeCached(session.Manager, ours)
	return nil
}

// brought are the packages that we installed.
func brought(receipt state.Receipt) (ours []string) {
	for _, name := range slices.Sorted(maps.Keys(receipt.Packages)) {
		if receipt.Packages[name].Before == "" {
			ours = append(ours, name)
		}
	}
	return ours
}

// removeCached removes the files of our packages from the package manager's cache, where we
// told it to keep them. Leftovers only cost space.
func (r *run) removeCached(m *pkgmgr.Manager, names []string) {
	for _, name := range names {
		for _, pattern := range m.Kept(pkgmgr.Source{}, pkgmgr.Package{Name: name, Version: "*"}) {
			for _, file := range r.host.Glob(pattern) {
				if _, err := r.host.RemoveFile(file); err != nil {
					r.log.Warnf("%v", err)
				}
			}
		}
	}
}

// byHand is the command with which a person removes packages.
func byHand(m distro.Manager, names ...string) string {
	command := string(m) + " remove "
	if m == distro.Apt {
		command = "apt-get purge "
	}
	return "sudo " + command + strings.Join(names, " ")
}

// removeFiles removes the repository, the key and everything else that we wrote.
func (r *run) removeFiles(_ context.Context, receipt state.Receipt) error {
	kept := ""
	r.host.Unread()
	troubles := []error{r.removeLists(receipt)}
	if troubles[0] != nil {
		kept = repo.DefinitionPath(distro.Apt) // needed to find the lists next time
	}
	for _, path := range slices.Sorted(maps.Keys(receipt.Files)) {
		if receipt.Files[path].Before != "" || path == kept {
			continue // somebody else's file that we only completed
		}
		if _, err := r.host.RemoveFile(path); err != nil {
			troubles = append(troubles, fault.Wrap(err, fault.Disk, "A file of the handler cannot be removed: "+err.Error()+".", ""))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(receipt.Originals)) {
		if err := receipt.PutOriginalBack(r.host, path); err != nil {
			troubles = append(troubles, fault.Wrap(err, fault.Disk, path+", which had to make room, could not be put back: "+err.Error()+".", ""))
		}
	}
	troubles = append(troubles, r.removeFolders(receipt.Folders))
	if err := r.host.Unread(); err != nil { // a folder that cannot be read may have to go
		troubles = append(troubles, fault.Unread(err, "What belongs to the handler"))
	}
	return errors.Join(troubles...)
}

func (r *run) reloadAfterRemoval(ctx context.Context, _ state.Receipt) error {
	if !state.ReloadPending(r.host) {
		return nil
	}
	return r.reload(ctx, r.gatherLocally(ctx))
}

// byEither is a command that removes packages on a machine of which it is not known which
// package database it has.
func byEither(names ...string) string {
	list := strings.Join(names, " ")
	return "sudo dpkg --purge " + list + " || sudo rpm -e " + list
}
