package handler

import (
	"cmp"
	"context"
	"path/filepath"

	"aadssh/internal/agent"
	"aadssh/internal/facts"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

// update tells the uninstall that follows it that another version takes over. The agent's
// order is: old disable, new update, old uninstall, new install, new enable; on a downgrade
// the old version's own update runs, with the target version in VERSION (waagent
// exthandlers.py, _update_extension_handlers_and_return_if_failed). The work itself is left
// to the install that follows.
func (r *run) update(ctx context.Context) outcome {
	to := r.Getenv("VERSION")
	if to == "" {
		to = r.Environment.Version
	}
	// This comes first, and without the lock: whatever happens to the rest, the uninstall
	// that follows must find it. An update that cannot write it must fail, so that the
	// agent stops before that uninstall.
	if err := state.WriteHandover(r.host, to, host.BootClock()); err != nil {
		return failed(facts.StateUnwritable(err), nil)
	}
	if to == r.Environment.Version && !r.ours(r.Getenv("AZURE_GUEST_AGENT_UPDATING_FROM_VERSION")) {
		release, err := r.alone(ctx)
		if err == nil {
			err = r.adopt(ctx)
			release()
		}
		if err != nil {
			r.log.Warnf("what was on the machine before this version is not recorded: %v", err)
		}
	}
	return outcome{message: "Version " + to + " takes over; the packages stay where they are."}
}

// ours reports whether the extension of this version number is this handler, which always
// writes a receipt before it changes anything.
func (r *run) ours(version string) bool {
	return version != "" && r.host.Exists(filepath.Join(r.Environment.Sibling(version), agent.Program))
}

// adopt records packages that are installed when an update begins as ours: the vendor's
// handler of the same name installed them, and it kept no receipt.
func (r *run) adopt(ctx context.Context) error {
	receipt, err := state.ReadReceipt(r.host)
	if err != nil {
		return err
	}
	if len(receipt.Packages) > 0 {
		return nil
	}
	found := r.gatherLocally(ctx)
	if found.TargetErr != nil {
		return found.TargetErr
	}
	if found.PackagesErr != nil {
		return found.PackagesErr
	}
	next := receipt.Clone()
	for _, name := range []string{found.Target.Packages.Login, found.Target.Packages.SELinux} {
		if found.Packages[name].State != pkgmgr.Absent && name != "" {
			next.Packages[name] = state.Package{}
		}
	}
	if len(next.Packages) == 0 {
		return nil
	}
	return next.Write(r.host)
}

// handedOver reports whether another version is about to replace this one, in which case
// this uninstall must leave everything in place. The handover record alone is not enough:
// an update that failed and was then deleted leaves one behind. So the version that it
// names must also be one that the agent is about to install.
func (r *run) handedOver() (to string, taken bool, err error) {
	r.host.Unread() // earlier read errors do not concern this question
	o, ok, err := state.ReadHandover(r.host, host.BootClock())
	if ok && o.To != r.Environment.Version {
		to, taken = o.To, agent.StateOf(r.host, r.Environment.Sibling(o.To)) == agent.NotInstalled
	}
	if err = cmp.Or(err, r.host.Unread()); err != nil {
		return "", false, unknownOwner(err)
	}
	return to, taken, nil
}
