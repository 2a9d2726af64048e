package handler

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/preflight"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

// install installs or updates the packages. If that fails and leaves less installed than
// before, the previous version is reinstalled from its kept file.
func (w *work) install(ctx context.Context, s decide.Step) error {
	outcome, err := w.session.Install(ctx, s.Want)
	if err != nil {
		w.noteOlder(err)
		return errors.Join(err, w.putBack(ctx))
	}
	return w.installed(outcome)
}

// replace installs the packages in place of the legacy ones. Everything is downloaded and
// verified before anything is removed.
func (w *work) replace(ctx context.Context, s decide.Step) error {
	if _, err := w.session.Download(ctx, s.Want, s.Remove); err != nil {
		return err
	}
	// Somebody may have signed in since the machine was read.
	if f := preflight.SignedIn(s.Remove[0], facts.Sessions(w.host)); f != nil {
		return f
	}
	outcome, err := w.session.Replace(ctx, s.Want, s.Remove)
	if err == nil {
		return w.installed(outcome)
	}
	if fault.Of(err).Code.Is(fault.Unended) || ctx.Err() != nil {
		return err
	}
	// This is the documented way when a script of the legacy package fails: remove it
	// without running its scripts. Whatever else failed would also fail the installation
	// after that, and people would be left without either.
	if !pkgmgr.Concerns(fault.Of(err), s.Remove) && !w.begun(ctx, s) {
		return err
	}
	w.log.Warnf("replacing %s failed, removing it without its scripts: %v", strings.Join(s.Remove, ", "), err)
	if lowErr := w.session.RemoveLowLevel(ctx, s.Remove); lowErr != nil {
		f := fault.Of(lowErr)
		return fault.Wrap(errors.Join(err, lowErr), fault.LegacyInstalled, f.What, f.Remedy())
	}
	return w.install(ctx, s)
}

// begun reports whether a replacement has changed one of its packages.
func (w *work) begun(ctx context.Context, s decide.Step) bool {
	names := slices.Clone(s.Remove)
	for _, spec := range s.Want {
		names = append(names, spec.Name)
	}
	now, err := w.session.Query(ctx, names...)
	return err == nil && slices.ContainsFunc(names, func(name string) bool { return now[name].State != w.facts.Packages[name].State })
}

// reinstall runs the package's scripts again, from the kept files if there are any: that
// needs no network.
func (w *work) reinstall(ctx context.Context, s decide.Step) error {
	if files := w.facts.Kept(s.Want); len(files) == len(s.Want) && w.intact(files) {
		_, err := w.session.InstallFiles(ctx, files, s.Want)
		return err
	}
	var names []string
	for _, spec := range s.Want {
		names = append(names, spec.Name)
	}
	outcome, err := w.session.Reinstall(ctx, names)
	if err != nil {
		return err
	}
	return w.installed(outcome)
}

// restore reinstalls from the kept files what was removed.
func (w *work) restore(ctx context.Context, s decide.Step) error {
	files := w.facts.Kept(s.Want)
	if len(files) < len(s.Want) || !w.intact(files) {
		return fault.New(fault.PackageManagerFailed, "The kept package files are gone or changed.", fault.AgainFirst+fault.OrRestart+"; it fetches them.")
	}
	_, err := w.session.RestoreFiles(ctx, files, s.Want)
	return err
}

// intact reports whether the kept files are still the ones that were verified.
func (w *work) intact(files []string) bool {
	for _, path := range files {
		b, err := w.host.ReadFile(path, state.PackageLimit)
		if err != nil {
			return false
		}
		match := func(p state.Package) bool { return p.Kept == filepath.Base(path) && p.SHA256 == state.Hash(b) }
		if !slices.ContainsFunc(values(w.receipt.Packages), match) {
			w.log.Warnf("%s is not what was kept, and is not used", path)
			return false
		}
	}
	return true
}

func values(m map[string]state.Package) []state.Package {
	var all []state.Package
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// installed keeps the package files for repairs without network, and records why a version
// is not the newest.
func (w *work) installed(o pkgmgr.Outcome) error {
	w.receipt.Notice = ""
	if w.goal(w.facts).Newest || w.facts.Packages[w.facts.Target.Packages.Login].State != pkgmgr.Installed {
		w.receipt.Looked = w.self().Version
	}
	if o.Why != nil && len(o.Newest) == 0 {
		w.receipt.Notice = w.stays(o.Why)
	}
	for name, newest := range o.Newest {
		p := o.Packages[name]
		w.receipt.Notice = name + " " + p.Version + " is installed; the newest version " + newest + " cannot be: " + reason(o.Why)
	}
	w.keep(o.Packages)
	if err := w.receipt.Write(w.host); err != nil {
		return facts.StateUnwritable(err)
	}
	return nil
}

func reason(f *fault.Fault) string {
	if f == nil {
		return "its dependencies are not met."
	}
	return f.What
}

// keep copies the package files out of the package manager's cache. Without them a repair
// needs the network, so failures are only logged.
func (w *work) keep(packages pkgmgr.Packages) {
	for _, name := range w.facts.Wanted() {
		p := packages[name]
		files := w.session.KeptFiles(p)
		note := w.receipt.Packages[name]
		if p.State != pkgmgr.Installed || len(files) == 0 || w.keeps(note, p.Version) {
			continue
		}
		content, err := w.host.ReadFile(files[0], state.PackageLimit)
		if err == nil {
			err = w.host.EnsureDir(state.PackagesDir, 0o700)
		}
		base := filepath.Base(files[0])
		if err == nil {
			_, err = w.host.EnsureFile(filepath.Join(state.PackagesDir, base), content, 0o600)
		}
		if err != nil {
			w.log.Warnf("the package file %s could not be kept: %v", files[0], err)
			continue
		}
		note.Kept, note.KeptVersion, note.SHA256 = base, p.Version, state.Hash(content)
		w.receipt.Packages[name] = note
	}
}

// dropOlder removes package files that the receipt no longer names: those of an earlier
// version. While it names none for a package, because a file could not be read, all stay.
func (r *run) dropOlder(wanted []string, receipt *state.Receipt) {
	var named []string
	for _, name := range wanted {
		if note, ours := receipt.Packages[name]; ours {
			named = append(named, filepath.Join(state.PackagesDir, note.Kept))
		}
	}
	if slices.Contains(named, state.PackagesDir) {
		return
	}
	for _, path := range r.host.Glob(state.PackagesDir + "/*") {
		if !slices.Contains(named, path) {
			_, _ = r.host.RemoveFile(path) // it only costs space, and the next run tries again
		}
	}
}

// keeps reports whether the file of a package in this version is kept.
func (r *run) keeps(note state.Package, version string) bool {
	return note.KeptVersion == version && r.host.Exists(filepath.Join(state.PackagesDir, note.Kept))
}

// keepMissing copies package files that a run could not keep because it was killed right
// after its transaction, or that somebody removed, if the package manager still has them.
// If none is missing it only reads. A package that is not in the receipt is not ours.
func (r *run) keepMissing(f *facts.Facts) {
	if f.TargetErr != nil || f.PackagesErr != nil || f.ReceiptErr != nil {
		return
	}
	missing := slices.ContainsFunc(f.Wanted(), func(name string) bool {
		note, ours := f.Receipt.Packages[name]
		return ours && f.Packages[name].State == pkgmgr.Installed && (f.Receipt.Looked == "" || !r.keeps(note, f.Packages[name].Version))
	})
	session, err := r.session(f)
	if !missing || err != nil {
		r.dropOlder(f.Wanted(), &f.Receipt)
		return
	}
	w := &work{run: r, session: session, facts: f, receipt: f.Receipt.Clone()}
	packages := maps.Clone(f.Packages)
	maps.DeleteFunc(packages, func(name string, _ pkgmgr.Package) bool { _, ours := f.Receipt.Packages[name]; return !ours })
	w.keep(packages)
	w.receipt.Looked = cmp.Or(w.receipt.Looked, r.self().Version) // it is normally written together with the files
	if err := w.receipt.Write(r.host); err != nil {
		r.log.Warnf("%v", err)
		return
	}
	r.dropOlder(f.Wanted(), &w.receipt)
}

// noteOlder records why install could not move a working package to a newer version, so
// that enable, which does not ask the repository, can repeat it.
func (w *work) noteOlder(why error) {
	login := w.facts.Packages[w.facts.Target.Packages.Login]
	if !w.goal(w.facts).Newest || login.State != pkgmgr.Installed || notLooked(why) {
		return
	}
	w.receipt.Looked, w.receipt.Notice = w.self().Version, w.stays(fault.Of(why))
	if err := w.receipt.Write(w.host); err != nil {
		w.log.Warnf("%v", err)
	}
}

// notLooked reports whether the search for a newer version never took place: the machine
// had no space, file handles or memory left, or the package manager could not be started.
// Then enable searches.
func notLooked(why error) bool {
	if fault.ByCause(fault.Of(why)).Code.Is(fault.Short) {
		return true
	}
	file := (*fs.PathError)(nil)
	return errors.As(why, &file) && file.Op == "fork/exec"
}

// stays explains why a working package was not updated.
func (w *work) stays(why *fault.Fault) string {
	login := w.facts.Packages[w.facts.Target.Packages.Login]
	return login.Name + " stays at " + login.Version + ", because a newer version could not be looked for or installed: " + why.What
}

// putBack reinstalls the versions that were there before a failed change, if it left less
// than that and their files were kept.
func (w *work) putBack(ctx context.Context) error {
	var had []pkgmgr.Spec
	for _, name := range w.facts.Wanted() {
		if p := w.facts.Packages[name]; p.State == pkgmgr.Installed {
			had = append(had, pkgmgr.Spec{Name: name, Version: p.Version})
		}
	}
	files := w.facts.Kept(had)
	if len(had) == 0 || len(files) < len(had) || ctx.Err() != nil {
		return nil
	}
	var names []string
	for _, s := range had {
		names = append(names, s.Name)
	}
	now, err := w.session.Query(ctx, names...)
	if err != nil {
		return err
	}
	lost := slices.ContainsFunc(had, func(s pkgmgr.Spec) bool { return !now[s.Name].Satisfies(s) && now[s.Name].State != pkgmgr.Installed })
	if !lost || !w.intact(files) {
		return nil
	}
	action := w.log.Started("put back %s", decide.Specs(had))
	_, err = w.session.InstallFiles(ctx, files, had)
	return action.Ended(err)
}
