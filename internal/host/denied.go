package host

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// denials are the paths that this process was not permitted to read. Without root there are
// many: what is there seems to be missing or empty.
type denials struct {
	mu    sync.Mutex
	paths []string
}

// note records path if err says that it may not be read, and returns err.
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

// Denied reports whether something at or below one of these paths, or a folder on the way
// to it, could not be read for lack of permission.
func (h *Host) Denied(paths ...string) bool {
	h.denials.mu.Lock()
	defer h.denials.mu.Unlock()
	return slices.ContainsFunc(h.denials.paths, func(denied string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return within(denied, p) || within(p, denied) })
	})
}

// within reports whether a path is a folder or in it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
