package host

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// denials are the paths that the system did not let this process look at.
// Somebody who is not root meets many: what lies there looks as if it were
// missing, or empty.
type denials struct {
	mu    sync.Mutex
	paths []string
}

// note remembers path where err says that it may not be looked at, and returns err.
func (d *denials) note(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !slices.Contains(d.paths, path) {
			d.paths = append(d.paths, path)
		}
	}
	return err
}

// Denied says whether something at or below one of these paths, or a folder on the
// way to it, could not be looked at for want of permission.
func (h *Host) Denied(paths ...string) bool {
	h.denials.mu.Lock()
	defer h.denials.mu.Unlock()
	return slices.ContainsFunc(h.denials.paths, func(denied string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return within(denied, p) || within(p, denied) })
	})
}

// within says whether a path is a folder, or lies in it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
