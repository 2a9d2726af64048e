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

// apply does the steps of a plan in their order. It stops at the first that
// fails, and takes back what it wrote where no package has come of it.
func (r *run) apply(ctx context.Context, p decide.Plan, f *facts.Facts) error {
	// Every run must end before the agent ends it, with time left to look again.
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
			return errors.Join(err, w.finishReload(ctx)) // the first is what Of finds
		}
	}
	return nil
}

func (r *run) session(f *facts.Facts) (*pkgmgr.Session, error) {
	m, err := pkgmgr.For(f.Target.Manager)
	if err != nil {
		return nil, err
	}
	// ctx ends early enough for a verdict already: see apply.
	return &pkgmgr.Session{Host: r.host, Manager: m, Reserve: time.Second}, nil
}

// work is one plan being done.
type work struct {
	*run
	plan    decide.Plan
	session *pkgmgr.Session
	facts   *facts.Facts
	receipt state.Receipt
	wrote   []undo // newest last
	stale   error  // of a refresh that did not stop the plan
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
		return w.unlisted(w.offered(ctx, s, w.diagnosed(ctx, w.refused(ctx, w.transaction(func() error { return w.install(ctx, s) })))))
	case decide.PutBack:
		return w.transaction(func() error { return w.restore(ctx, s) })
	case decide.Replace:
		return w.unlisted(w.offered(ctx, s, w.diagnosed(ctx, w.refused(ctx, w.transaction(func() error { return w.replace(ctx, s) })))))
	case decide.Reinstall:
		return w.diagnosed(ctx, w.transaction(func() error { return w.reinstall(ctx, s) }))
	case decide.Reload:
		return w.reload(ctx, w.facts)
	}
	return fmt.Errorf("handler: no such kind of step: %d", s.Kind)
}

// repair finishes what an interrupted package manager left. Where that fails
// and the plan has a change of packages, that one is tried all the same: a
// corrected version in the repository is what heals a package whose script
// fails each time.
func (w *work) repair(ctx context.Context) error {
	err := w.transaction(func() error { return w.session.Repair(ctx) })
	if err == nil || fault.Of(err).Code != fault.PackageManagerFailed || ctx.Err() != nil ||
		!slices.ContainsFunc(w.plan.Steps, func(s decide.Step) bool { return s.Kind == decide.Install || s.Kind == decide.Replace }) {
		return err
	}
	w.log.Warnf("the repair did not help: %v", err)
	return nil
}

// fetchKey downloads the vendor's key each time the repository is set up, and
// keeps it only if it is the one that is pinned. A copy that was left by an
// earlier installation may be of an old generation, or carry a signature that
// apt no longer takes.
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

// keyLimit is the size of a key file above which it is no key, in bytes.
const keyLimit = 1 << 20

// transport installs a package of the distribution, from its own sources. It
// stays when we go: other sources may use it by then.
func (w *work) transport(ctx context.Context, s decide.Step) error {
	own := *w.session
	own.Source = w.session.Source.Others()
	_, err := own.Install(ctx, s.Want)
	return err
}

// transaction runs a change of packages: what was there before is written down
// first, and so is the reload that sshd is owed.
func (w *work) transaction(change func() error) error {
	asFound, err := w.asFound()
	if err != nil {
		return err
	}
	for _, name := range append(w.facts.Wanted(), w.facts.LegacyPackages()...) {
		if _, known := w.receipt.Packages[name]; !known && !w.isLegacy(name) {
			w.receipt.Packages[name] = state.Package{Before: cmp.Or(w.facts.Packages[name].Version, asFound)}
		}
	}
	if err := w.receipt.Write(w.host); err != nil {
		return facts.StateUnwritable(err)
	}
	if err := state.OweReload(w.host); err != nil {
		return facts.StateUnwritable(err)
	}
	return change()
}

// refresh fetches the metadata of our source. Where the owner's entry for it
// stands in a file with others, they are fetched with it, and what is wrong with
// them must not end ours: the installation decides.
func (w *work) refresh(ctx context.Context) error {
	err := w.diagnosed(ctx, w.signed(ctx, w.session.Refresh(ctx), decide.IndexAddress(w.plan, w.facts)))
	if err == nil || ctx.Err() != nil || !shared(w.plan.Existing, w.facts.Sources) {
		return err
	}
	w.log.Warnf("not all of %s could be refreshed: %v", w.plan.Existing.File, err)
	w.stale = err
	return nil
}

// shared reports whether a file of the owner's has other entries besides one.
func shared(e *repo.Entry, all []repo.Entry) bool {
	return e != nil && slices.ContainsFunc(all, func(other repo.Entry) bool {
		return other.File == e.File && other.Enabled && other.Line != e.Line
	})
}

// unlisted gives the reason why a package is not in the lists, where a refresh
// that failed is it.
func (w *work) unlisted(err error) error {
	if err != nil && w.stale != nil && fault.Of(err).Code == fault.PackageUnavailable {
		return w.stale
	}
	return err
}

func (w *work) isLegacy(name string) bool {
	for _, n := range w.facts.Target.Legacy {
		if n == name {
			return true
		}
	}
	return false
}

// reload tells sshd, and strikes the debt out.
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

// finishReload pays the debt of a transaction that failed: it may have changed
// sshd's configuration all the same.
func (w *work) finishReload(ctx context.Context) error {
	if !state.ReloadOwed(w.host) {
		return nil
	}
	if err := w.reload(ctx, w.facts); err != nil {
		w.log.Warnf("%v", err)
	}
	return nil
}
