package handler

import (
	"cmp"
	"errors"
	"fmt"

	"aadssh/internal/agent"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
	"aadssh/status"
)

// self is this run as an owner of the machine.
func (r *run) self() state.Owner {
	if r.Environment.IsStandalone() {
		return state.Owner{Setup: true, Version: r.Version, Program: host.Program()}
	}
	return state.Owner{Handler: r.Environment.Name, Version: r.Environment.Version, Dir: r.Environment.BaseDir}
}

// own makes this run's program the owner of the machine. The agent decides which
// version of its handler that is, so nobody stands in the way of install and
// enable. What an extension finds of setup it gives back when it goes.
func (r *run) own() error {
	self := r.self()
	before, found, err := state.ReadOwner(r.host)
	switch {
	case err != nil: // damaged: it says nothing
		r.log.Warnf("who owned the machine cannot be read: %v", err)
	case !found:
	case before.Setup && !self.Setup:
		if err := state.SetAsideFor(r.host); err != nil {
			return unwritable(err)
		}
		self.Found = &before
	case !self.Setup:
		self.Found = before.Found
	}
	if self.Setup {
		self.OtherHandler = cmp.Or(r.sharing(), before.OtherHandler)
		if !r.op.standalone { // its watch, whose program is the copy
			self.Program = before.Program
		}
		// By an extension that never gave it back, or never came to own the machine.
		if _, err := state.GiveBack(r.host); err != nil {
			return unwritable(err)
		}
	}
	if err := self.Write(r.host); err != nil {
		return unwritable(err)
	}
	return nil
}

// ownAs is own in the midst of a run: the receipt that was looked at may have
// become another one. Where another handler and the packages are gone, what is
// installed now is not that handler's.
func (r *run) ownAs(f *facts.Facts) error {
	if err := r.own(); err != nil {
		return err
	}
	if o, found, err := state.ReadOwner(r.host); err == nil && found && r.op.standalone && o.OtherHandler != "" && absent(f) && r.sharing() == "" {
		o.OtherHandler = ""
		if err := errors.Join(state.Disown(r.host), o.Write(r.host)); err != nil {
			return unwritable(err)
		}
	}
	f.Receipt, f.ReceiptErr = state.ReadReceipt(r.host)
	return nil
}

// absent: the login package is not on the machine.
func absent(f *facts.Facts) bool {
	return f.TargetErr == nil && f.PackagesErr == nil && f.Packages[f.Target.Packages.Login].State == pkgmgr.Absent
}

// found is setup, where this run's extension found it as the owner, or never took
// the machine over from it.
func (r *run) found() (state.Owner, bool) {
	o, known, err := state.ReadOwner(r.host)
	switch {
	case err != nil || !known:
		return state.Owner{}, false
	case o.Setup:
		return o, true
	case o.Found != nil:
		return *o.Found, true
	}
	return state.Owner{}, false
}

// inTheWay is who owns the machine, where this run's program is not to change
// it: setup and remove stand down before the agent's handler and before a newer
// setup; the agent's uninstall and disable before another owner that is there.
func (r *run) inTheWay() (Standing, bool) {
	if r.Environment.IsStandalone() {
		s, there := Owner(r.host, r.Version)
		return s, there && !(s.Setup && r.Downgrade)
	}
	o, found, err := state.ReadOwner(r.host)
	if err != nil || !found || o.Dir == r.Environment.BaseDir {
		return Standing{}, false
	}
	if o.Setup || agent.At(r.host, o.Dir).Active() {
		return standing(r.host, o), true
	}
	return Standing{}, false
}

// Standing is a program that owns the machine, and what it said last.
type Standing struct {
	state.Owner
	Said *status.Report // nil: nothing that can be read
}

// Owner is who owns the machine, where that is neither setup nor, in this
// version or a newer one, on its way to setup.
func Owner(h *host.Host, version string) (Standing, bool) {
	for _, there := range agent.Everywhere(h) {
		if there.Own && there.Active() {
			return standing(h, state.Owner{Handler: there.Name.Full(), Version: there.Version, Dir: there.Dir}), true
		}
	}
	o, found, err := state.ReadOwner(h)
	if err != nil || !found {
		return Standing{}, false
	}
	if o.Setup {
		return standing(h, o), state.Newer(o.Version, version)
	}
	// One that keeps no HandlerState, as one that runs by hand, is there as long
	// as its folder is; and between two versions there is none for a moment.
	_, coming := state.ReadHandover(h, host.BootClock())
	there := agent.At(h, o.Dir)
	return standing(h, o), coming || there.Own && there.State == ""
}

func standing(h *host.Host, o state.Owner) Standing {
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

// Who is the owner in words.
func (s Standing) Who() string {
	if s.Setup {
		return "setup of version " + s.Version
	}
	return fmt.Sprintf("the VM extension %s, version %s", s.Handler, s.Version)
}

// outcome is the owner's own: whoever stands down has nothing to add to it.
func (s Standing) outcome(next string) outcome {
	what := fmt.Sprintf("This machine belongs to %s, so nothing was changed.", s.Who())
	if s.Said == nil {
		return outcome{message: what}
	}
	what += " It said last: " + s.Said.Message
	if s.Said.Code == 0 {
		return outcome{message: what}
	}
	return failed(fault.New(fault.Code(s.Said.Code), what, next), nil)
}
