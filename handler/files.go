package handler

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/preflight"
	"aadssh/internal/repo"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

const stateDir = host.StateDir

// undo is what is needed to undo the writing of a file.
type undo struct {
	path    string
	existed bool
	before  []byte
	mode    fs.FileMode
}

// write gives a file its wanted content. The receipt is written first, so that uninstall
// also finds the file of a run that is killed here.
func (w *work) write(file repo.File) error {
	u := undo{path: file.Path}
	note := state.File{SHA256: state.Hash(file.Content)}
	before, err := w.host.ReadFile(file.Path, 0)
	switch {
	case err == nil:
		info, err := w.host.Stat(file.Path)
		if err != nil {
			return unwritableFile(file.Path, err)
		}
		u.existed, u.before, u.mode = true, before, info.Mode().Perm()
		if _, ours := w.receipt.Files[file.Path]; !ours {
			note.Before = state.Hash(before)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return unwritableFile(file.Path, err)
	}
	if old, ours := w.receipt.Files[file.Path]; ours {
		note.Before = old.Before
	}
	if note.Before != "" && note.Before != note.SHA256 {
		if err := w.receipt.KeepOriginal(w.host, file.Path); err != nil {
			return facts.StateUnwritable(err)
		}
	}
	w.receipt.Files[file.Path] = note
	dir := filepath.Dir(file.Path)
	missing := w.missing(dir)
	for _, folder := range missing {
		if !slices.Contains(w.receipt.Folders, folder) {
			w.receipt.Folders = append(w.receipt.Folders, folder)
		}
	}
	if err := w.receipt.Write(w.host); err != nil {
		return facts.StateUnwritable(err)
	}
	if len(missing) > 0 {
		if err := w.host.EnsureDir(dir, 0o755); err != nil {
			return unwritableFile(file.Path, err)
		}
	}
	changed, err := w.host.EnsureFile(file.Path, file.Content, file.Mode)
	if err != nil {
		return unwritableFile(file.Path, err)
	}
	if note.Before == "" && !preflight.InPlace(w.facts) {
		// The file is ours, maybe from a run that was killed: no package was installed from
		// it either.
		u.existed, changed = false, true
	}
	if changed {
		w.wrote = append(w.wrote, u)
	}
	return nil
}

// drop removes a file of ours or of the vendor's that is in the way. A file that was there
// before us is saved, and restored by uninstall.
func (w *work) drop(path string) error {
	if err := w.receipt.KeepOriginal(w.host, path); err != nil {
		return facts.StateUnwritable(err)
	}
	if err := w.receipt.Write(w.host); err != nil {
		return facts.StateUnwritable(err)
	}
	if _, err := w.host.RemoveFile(path); err != nil {
		return unwritableFile(path, err)
	}
	return nil
}

// missing are the folders that have to be created for dir, outermost first.
func (w *work) missing(dir string) []string {
	if w.host.Exists(dir) {
		return nil
	}
	return append(w.missing(filepath.Dir(dir)), dir)
}

// removeFolders removes the folders that we created, if they are empty.
func (r *run) removeFolders(folders []string) error {
	var troubles []error
	for _, folder := range slices.Backward(folders) {
		if err := r.host.RemoveEmptyDir(folder); err != nil {
			troubles = append(troubles, unwritableFile(folder, err))
		}
	}
	return errors.Join(troubles...)
}

func unwritableFile(path string, err error) error {
	return fault.Wrap(err, fault.Disk, path+" cannot be written: "+err.Error()+".",
		"Free space on, or make writable, its file system (df -h "+filepath.Dir(path)+"; findmnt -T "+filepath.Dir(path)+")"+fault.AndAgain)
}

// cameOfIt reports whether the packages are installed, whatever failed after that. Where
// the database does not answer, they may be: a package without its repository would get
// no updates.
func (w *work) cameOfIt(ctx context.Context) bool {
	now, err := w.session.Query(ctx, w.facts.Wanted()...)
	return err != nil || now.Present(w.facts.Wanted()...)
}

// nothingCame reports whether no part of the packages is installed: then the repository of
// a failed installation is of no use either.
func (w *work) nothingCame(ctx context.Context) bool {
	now, err := w.session.Query(ctx, w.facts.Wanted()...)
	return err == nil && !slices.ContainsFunc(w.facts.Wanted(), func(name string) bool { return now[name].State != pkgmgr.Absent })
}

// takeBack undoes what this run wrote when the repository turned out to be unusable: a
// broken definition would also fail the administrator's own updates. A failure up to and
// including the step Refresh means that the repository was never used.
func (w *work) takeBack(ctx context.Context, at decide.Step, why *fault.Fault) {
	undone := why.Code.Is(fault.RepositoryUnusable) || why.Code == fault.PackageManagerFailed && w.nothingCame(ctx)
	if at.Kind > decide.Refresh && (!undone || w.cameOfIt(ctx)) {
		return
	}
	for i := len(w.wrote) - 1; i >= 0; i-- {
		u := w.wrote[i]
		var err error
		if u.existed {
			_, err = w.host.EnsureFile(u.path, u.before, u.mode)
		} else {
			_, err = w.host.RemoveFile(u.path)
			delete(w.receipt.Files, u.path)
		}
		if err != nil {
			w.log.Errorf("%s could not be taken back: %v", u.path, err)
		}
	}
	if err := w.removeFolders(w.receipt.Folders); err != nil {
		w.log.Warnf("%v", err)
	}
	w.receipt.Folders = slices.DeleteFunc(w.receipt.Folders, func(f string) bool { return !w.host.Exists(f) })
	if err := w.receipt.Write(w.host); err != nil {
		w.log.Warnf("%v", err)
	}
}
