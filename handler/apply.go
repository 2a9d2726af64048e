package handler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aadssh/internal/decide"
	"aadssh/internal/download"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/internal/state"
	"aadssh/internal/trust"
	"aadssh/pkgmgr"
)

// apply runs the steps of a plan in order and stops at the first that fails. If no package
// was installed by then, it undoes the files that it wrote.
func (r *run) apply(ctx context.Context, p decide.Plan, f *facts.Facts) error {
	// Every run must end before the agent kills it, with time left to read the machine
	// again.
	ctx, cancel := context.WithDeadline(ctx, r.deadline.Add(-reserve))
	defer cancel()
	session, err := r.session(f)
	if err != nil {
		return err
	}
	if err := r.tooTight(session.Manager, p); err != nil {
		return err
	}
	session.Source = p.Source
	if f.ReceiptErr != nil {
		switch err := state.SetAside(r.host, f.ReceiptErr); {
		case err == nil:
		case !errors.Is(err, f.ReceiptErr):
			r.log.Warnf("the damaged receipt is not kept: %v", err)
		default:
			return fault.Wrap(err, fault.Disk, "What was on this machine before cannot be read: "+err.Error()+".",
				"See what its file system says (findmnt -T "+stateDir+"; df -h "+stateDir+"; sudo dmesg | tail)"+fault.AndAgain)
		}
	}
	w := &work{run: r, plan: p, session: session, facts: f, receipt: f.Receipt.Clone()}
	for _, s := range p.Steps {
		action := r.log.Started("%s", s.Text)
		if err := action.Ended(w.diskBehind(w.step(ctx, s))); err != nil {
			w.takeBack(ctx, s, fault.Of(err))
			w.finishReload(ctx)
			return err
		}
	}
	return nil
}

func (r *run) session(f *facts.Facts) (*pkgmgr.Session, error) {
	m, err := pkgmgr.For(f.Target.Manager)
	if err != nil {
		return nil, err
	}
	// ctx already ends early enough to leave time for the verdict: see apply.
	return &pkgmgr.Session{Host: r.host, Manager: m, Reserve: time.Second}, nil
}

// work is the execution of one plan.
type work struct {
	*run
	plan    decide.Plan
	session *pkgmgr.Session
	facts   *facts.Facts
	receipt state.Receipt
	wrote   []undo // newest last
	stale   error  // why a refresh failed that did not stop the plan
}

func (w *work) step(ctx context.Context, s decide.Step) error {
	switch s.Kind {
	case decide.FetchKey:
		return w.fetchKey(ctx, s)
	case decide.WriteFile:
		for _, file := range w.asServed(ctx, s.Files) {
			if err := w.write(file); err != nil {
				return err
			}
		}
		return nil
	case decide.DropFile:
		for _, file := range s.Files {
			if err := w.drop(file.Path); err != nil {
				return err
			}
		}
		return nil
	case decide.ImportKey:
		return w.session.ImportKey(ctx, s.Files[0].Path)
	case decide.Transport:
		return w.transport(ctx, s)
	case decide.Refresh:
		return w.refresh(ctx)
	case decide.Repair:
		return w.repair(ctx)
	case decide.Install:
		return w.unlisted(w.offered(ctx, w.diagnosed(ctx, w.refused(ctx, w.transaction(func() error { return w.install(ctx, s) })))))
	case decide.PutBack:
		return w.transaction(func() error { return w.restore(ctx, s) })
	case decide.Replace:
		return w.unlisted(w.offered(ctx, w.diagnosed(ctx, w.refused(ctx, w.transaction(func() error { return w.replace(ctx, s) })))))
	case decide.Reinstall:
		return w.diagnosed(ctx, w.transaction(func() error { return w.reinstall(ctx, s) }))
	case decide.Reload:
		return w.reload(ctx, w.facts)
	}
	return fmt.Errorf("handler: no such kind of step: %d", s.Kind)
}

// repair finishes what an interrupted package manager left behind. If that fails and the
// plan also changes packages, the change is tried all the same: a package whose script
// fails every time is only cured by a corrected version from the repository.
func (w *work) repair(ctx context.Context) error {
	err := w.transaction(func() error { return w.session.Repair(ctx) })
	if err == nil || fault.Of(err).Code != fault.PackageManagerFailed || ctx.Err() != nil ||
		!slices.ContainsFunc(w.plan.Steps, func(s decide.Step) bool { return s.Kind == decide.Install || s.Kind == decide.Replace }) {
		return err
	}
	w.log.Warnf("the repair did not help: %v", err)
	return nil
}

// fetchKey downloads the vendor's key each time the repository is set up, and keeps it only
// if it is the pinned one. A copy left by an earlier installation may be of an old
// generation, or carry a signature that apt no longer accepts.
func (w *work) fetchKey(ctx context.Context, s decide.Step) error {
	client := download.Client{Proxy: w.proxy(ctx, w.facts.PackageBase()), Log: w.log}
	var keys []byte
	var missing error
	for _, url := range s.URLs {
		b, err := client.Get(ctx, url, keyLimit)
		if err != nil {
			missing = err
			continue
		}
		keys = append(append(keys, b...), '\n')
	}
	extra := w.Settings.Repository.KeyFiles()
	if len(keys) == 0 && len(extra) == 0 {
		return missing
	}
	ring, err := trust.Accept(keys, s.Pins, extra)
	if err != nil {
		return err
	}
	w.log.Infof("accepted the keys %s", strings.Join(ring.Fingerprints, ", "))
	return w.write(repo.KeyAt(w.facts.Target.Manager, ring, s.Files[0].Path))
}

// keyLimit is the largest accepted size of a key file, in bytes.
const keyLimit = 1 << 20

// transport installs a package from the distribution's own sources. uninstall leaves it,
// because other sources may use it by then.
func (w *work) transport(ctx context.Context, s decide.Step) error {
	own := *w.session
	own.Source = w.session.Source.Others()
	_, err := own.Install(ctx, s.Want)
	return err
}

// transaction runs a change of packages. Before it starts, it records the versions that are
// installed, and that sshd has to be reloaded.
func (w *work) transaction(change func() error) error {
	asFound, err := w.asFound()
	if err != nil {
		return err
	}
	for _, name := range append(w.facts.Wanted(), w.facts.LegacyPackages()...) {
		if _, known := w.receipt.Packages[name]; !known && !slices.Contains(w.facts.Target.Legacy, name) {
			w.receipt.Packages[name] = state.Package{Before: cmp.Or(w.facts.Packages[name].Version, asFound)}
		}
	}
	if err := w.receipt.Write(w.host); err != nil {
		return facts.StateUnwritable(err)
	}
	if err := state.SetReloadPending(w.host); err != nil {
		return facts.StateUnwritable(err)
	}
	return change()
}

// refresh fetches the metadata of our source. If the administrator's entry for it shares a
// file with others, those are fetched too, and an error in them must not stop us: the
// installation decides.
func (w *work) refresh(ctx context.Context) error {
	err := w.diagnosed(ctx, w.signed(ctx, w.session.Refresh(ctx), decide.IndexAddress(w.plan, w.facts)))
	if err == nil || ctx.Err() != nil || !shared(w.plan.Existing, w.facts.Sources) {
		return err
	}
	w.log.Warnf("not all of %s could be refreshed: %v", w.plan.Existing.File, err)
	w.stale = err
	return nil
}

// shared reports whether the file of an entry defines other entries as well.
func shared(e *repo.Entry, all []repo.Entry) bool {
	return e != nil && slices.ContainsFunc(all, func(other repo.Entry) bool {
		return other.File == e.File && other.Enabled && other.Line != e.Line
	})
}

// unlisted replaces the error "package not found" by the error of the refresh that failed
// before it, if there was one.
func (w *work) unlisted(err error) error {
	if err != nil && w.stale != nil && fault.Of(err).Code == fault.PackageUnavailable {
		return w.stale
	}
	return err
}

// reload reloads sshd and deletes the record that a reload is due.
func (r *run) reload(ctx context.Context, f *facts.Facts) error {
	out, err := r.Reload(ctx, f.Target.SSHUnits)
	if err != nil {
		if out.Unit == "" && len(f.Target.SSHUnits) > 0 { // systemd could not even be asked
			out.Unit = f.Target.SSHUnits[0]
		}
		return fault.Wrap(err, fault.VerificationFailed,
			fmt.Sprintf("sshd (%s) could not be told to read its new configuration: %v.", out.Unit, err),
			"Run on this machine: sudo sshd -t && sudo systemctl reload "+strings.TrimSuffix(out.Unit, ".service")+fault.ThenAgain)
	}
	if !out.Reloaded {
		r.log.Infof("nothing was reloaded: %s", out.Why)
	}
	if err := state.ReloadDone(r.host); err != nil {
		return facts.StateUnwritable(err)
	}
	return nil
}

// finishReload does the reload that is still due after a failed transaction: it may have
// changed sshd's configuration all the same.
func (w *work) finishReload(ctx context.Context) {
	if !state.ReloadPending(w.host) {
		return
	}
	if err := w.reload(ctx, w.facts); err != nil {
		w.log.Warnf("%v", err)
	}
}
