package state

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"aadssh/internal/host"
)

// originalsDir has the files that were on the machine before us and were replaced.
const originalsDir = host.StateDir + "/originals"

// Original is a file that was here before us and that was removed or overwritten because it
// was broken. uninstall restores it.
type Original struct {
	_ [0]func() // never compared: no code for == is linked

	Kept string      `json:"kept,omitempty"` // its file name in originalsDir
	Link string      `json:"link,omitempty"` // of a symbolic link: its target
	Mode fs.FileMode `json:"mode"`
}

// KeepOriginal saves what is at a path before it is removed or overwritten. It does nothing
// for a file that is ours according to the receipt, or that was already saved. The receipt
// is changed but not written.
func (r *Receipt) KeepOriginal(h *host.Host, path string) error {
	_, kept := r.Originals[path]
	if f, ours := r.Files[path]; kept || ours && f.Before == "" {
		return nil
	}
	info, err := h.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	o := Original{Mode: info.Mode().Perm()}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		if o.Link, err = h.Readlink(path); err != nil {
			return err
		}
	case info.Mode().IsRegular():
		content, err := h.ReadFile(path, 0)
		if err != nil {
			return err
		}
		if err := h.EnsureDir(originalsDir, 0o700); err != nil {
			return err
		}
		o.Kept = Hash([]byte(path))[:12] + "-" + filepath.Base(path)
		if _, err := h.EnsureFile(filepath.Join(originalsDir, o.Kept), content, 0o600); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s is no file (%s)", path, info.Mode().Type())
	}
	if r.Originals == nil {
		r.Originals = map[string]Original{}
	}
	r.Originals[path] = o
	return nil
}

// PutOriginalBack restores what was at a path before us, unless something else than what we
// wrote is there now.
func (r Receipt) PutOriginalBack(h *host.Host, path string) error {
	o := r.Originals[path]
	if now, err := h.ReadFile(path, 0); err == nil && Hash(now) != r.Files[path].SHA256 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // somebody else has written it since
	}
	if o.Link != "" {
		if _, err := h.RemoveFile(path); err != nil {
			return err
		}
		return h.Link(o.Link, path)
	}
	content, err := h.ReadFile(filepath.Join(originalsDir, o.Kept), 0)
	if err != nil {
		return err
	}
	_, err = h.EnsureFile(path, content, o.Mode)
	return err
}
