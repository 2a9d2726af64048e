package state

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"aadssh/internal/host"
)

// originalsDir is where files lie that were on the machine before us and had to
// make room.
const originalsDir = host.StateDir + "/originals"

// Original is a file that was here before us and that was removed or written
// over, because it was broken. It comes back when we go.
type Original struct {
	_ [0]func() // never compared: no code for == is linked

	Kept string      `json:"kept,omitempty"` // its name in the folder of originals
	Link string      `json:"link,omitempty"` // of a symbolic link: where it leads
	Mode fs.FileMode `json:"mode"`
}

// KeepOriginal keeps what is at a path, before it is removed or written over. A
// file that the receipt has as ours is none, nor is what was kept before. The
// receipt is changed and not written.
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

// PutOriginalBack brings back what was at a path before us, where nothing is there
// but what we wrote.
func (r Receipt) PutOriginalBack(h *host.Host, path string) error {
	o := r.Originals[path]
	if now, err := h.ReadFile(path, 0); err == nil && Hash(now) != r.Files[path].SHA256 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // somebody else has put something there since
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
