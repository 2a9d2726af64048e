package handler

import (
	"cmp"
	"errors"

	"aadssh/internal/agent"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
	"aadssh/status"
)

// self describes this run as an owner of the machine.
func (r *run) self() state.Owner {
	if r.Environment.IsStandalone() {
		return state.Owner{Setup: true, Version: r.Version, Program: host.Program()}
	}
	return state.Owner{Handler: r.Environment.Name, Version: r.Environment.Version, Dir: r.Environment.BaseDir}
}

// own makes this run's program the owner of the machine. The agent decides which version of
// its handler that is, so install and enable never stand down. If an extension replaces
// setup as the owner, uninstall gives the machine back to setup.
func (r *run) own() error {
	self := r.self()
	before, found, err := state.ReadOwner(r.host)
	switch {
	case fault.Unreadable(err): // setup may own it, and its record would be lost
		return unknownOwner(err)
	case err != nil: // a damaged record says nothing
		r.log.Warnf("who owned the machine cannot be read: %v", err)
	case !found:
	case before.Setup && !self.Setup:
		if err := state.SetAsideFor(r.host); err != nil {
			return facts.StateUnwritable(err)
		}
		self.Found = &before
	case !self.Setup:
		self.Found = before.Found
	}
	if self.Setup {
		other, err := r.sharing()
		if err != nil {
			return err
		}
		self.OtherHandler = cmp.Or(other, before.OtherHandler)
		if !r.op.standalone { // setup's watch runs the copy, which is replaced
			self.Program = before.Program
		}
		// This is left by an extension that never gave the machine back, or never became
		// its owner.
		if _, err := state.GiveBack(r.host); err != nil {
			return facts.StateUnwritable(err)
		}
	}
	if err := self.Write(r.host); err != nil {
		return facts.StateUnwritable(err)
	}
	return nil
}

// ownAs is own in the middle of a run: the receipt that was read earlier may have changed.
// If another handler and the packages are gone, what gets installed now does not belong to
// that handler.
func (r *run) ownAs(f *facts.Facts) error {
	if err := r.own(); err != nil {
		return err
	}
	o, found, err := state.ReadOwner(r.host)
	if err != nil { // written a moment ago
		return unknownOwner(err)
	}
	if found && r.op.standalone && o.OtherHandler != "" && absent(f) {
		other, err := r.sharing()
		if err != nil {
			return err
		}
		if o.OtherHandler = other; other == "" {
			if err := errors.Join(state.Disown(r.host), o.Write(r.host)); err != nil {
				return facts.StateUnwritable(err)
			}
		}
	}
	f.Receipt, f.ReceiptErr = state.ReadReceipt(r.host)
	return nil
}

// absent reports whether the login package is not installed.
func absent(f *facts.Facts) bool {
	return f.TargetErr == nil && f.PackagesErr == nil && f.Packages[f.Target.Packages.Login].State == pkgmgr.Absent
}

// unknownOwner is the fault of a machine whose owner cannot be read: to go on could remove
// what belongs to another program.
func unknownOwner(err error) error {
	return fault.ByCause(fault.Wrap(err, fault.Disk, "Who owns this machine cannot be read: "+err.Error()+".",
		"Check the file system that holds /var/lib (findmnt -T /var/lib; sudo dmesg)"+fault.AndAgain))
}

// readOwner reads the recorded owner of the machine; a damaged record counts as none. The
// error says why it cannot be read.
func readOwner(h *host.Host) (o state.Owner, found bool, err error) {
	o, found, err = state.ReadOwner(h)
	if fault.Unreadable(err) {
		return state.Owner{}, false, unknownOwner(err)
	}
	return o, found && err == nil, nil
}

// found is the setup that owned the machine before this run's extension, or still owns it
// because the extension never took over.
func (r *run) found() (state.Owner, bool, error) {
	o, known, err := readOwner(r.host)
	switch {
	case !known:
		return state.Owner{}, false, err
	case o.Setup:
		return o, true, nil
	case o.Found != nil:
		return *o.Found, true, nil
	}
	return state.Owner{}, false, nil
}

// inTheWay is the owner of the machine, if this run's program must not change it: setup and
// remove stand down for the agent's handler and for a newer setup; the agent's uninstall
// and disable stand down for another owner that is still installed.
func (r *run) inTheWay() (s Standing, there bool, err error) {
	r.host.Unread() // earlier read errors do not concern this question
	if r.Environment.IsStandalone() {
		if s, there, err = Owner(r.host, r.Version); there {
			there = !(s.Setup && r.Downgrade)
		}
	} else if o, found, unread := readOwner(r.host); unread != nil {
		err = unread
	} else if found && o.Dir != r.Environment.BaseDir && (o.Setup || agent.At(r.host, o.Dir).Active()) {
		s, there = standing(o), true
	}
	if unread := r.host.Unread(); err == nil && unread != nil {
		err = unknownOwner(unread)
	}
	return s, there && err == nil, err
}

// Standing is a program that owns the machine, with its last report.
type Standing struct {
	state.Owner
	Said *status.Report // nil: none that can be read
}

// Owner finds the program for which this version of setup must stand down: an
// extension that the agent has installed or is just updating, or a newer setup. The
// error says why that is not known.
func Owner(h *host.Host, version string) (Standing, bool, error) {
	for _, there := range agent.Everywhere(h) {
		if there.Own && there.Active() {
			return standing(state.Owner{Handler: there.Name.Full(), Version: there.Version, Dir: there.Dir}), true, nil
		}
	}
	o, found, err := readOwner(h)
	if !found {
		return Standing{}, false, err
	}
	if o.Setup {
		return standing(o), state.Newer(o.Version, version), nil
	}
	// A handler without HandlerState, such as one that is run by hand, exists as long as
	// its folder does; and between two versions there is no HandlerState for a moment.
	_, coming, err := state.ReadHandover(h, host.BootClock())
	if err != nil {
		return Standing{}, false, unknownOwner(err)
	}
	there := agent.At(h, o.Dir)
	return standing(o), coming || there.Own && there.State == "", nil
}

func standing(o state.Owner) Standing {
	s := Standing{Owner: o}
	dir := o.Dir
	if o.Setup {
		dir = agent.StandaloneDir
	}
	env, err := agent.LoadFrom(dir)
	if err != nil {
		return s
	}
	seq, err := agent.Sequence(env, func(string) string { return "" })
	if err != nil {
		return s
	}
	if said, err := status.Read(env.StatusFolder, seq); err == nil {
		s.Said = &said
	}
	return s
}

// Who names the owner in words.
func (s Standing) Who() string {
	if s.Setup {
		return "setup of version " + s.Version
	}
	return "the VM extension " + s.Handler + ", version " + s.Version
}

// outcome repeats the owner's own verdict: the program that stands down has nothing to add.
func (s Standing) outcome(next string) outcome {
	what := "This machine belongs to " + s.Who() + ", so nothing was changed."
	if s.Said == nil {
		return outcome{message: what}
	}
	what += " It said last: " + s.Said.Message
	if s.Said.Code == 0 {
		return outcome{message: what}
	}
	return failed(fault.New(fault.Code(s.Said.Code), what, next), nil)
}
