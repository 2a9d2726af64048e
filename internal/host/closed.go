package host

import (
	"io/fs"
	"path"
	"syscall"
)

// Closed is a folder or file that people must be able to use, and whose mode excludes
// everybody but root and a group.
type Closed struct {
	_ [0]func() // never compared: no code for == is linked

	Path  string // "" if there is none
	Mode  fs.FileMode
	Dir   bool
	Group uint32 // the group of the file
}

// ClosedAt is the first thing on the way to a file, or the file itself, that others than
// its owner and its group cannot use: folders must be enterable, and the file must have the
// mode that it needs. It checks from the file up to the root folder and along links, as the
// kernel does (path_resolution(7)).
func (h *Host) ClosedAt(name string, needs fs.FileMode, links int) Closed {
	for p := path.Clean(name); ; p = path.Dir(p) {
		info, err := h.Lstat(p)
		if err != nil {
			return Closed{} // what is missing is reported elsewhere
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			to, err := h.Readlink(p)
			if err != nil || links == 0 {
				return Closed{}
			}
			if !path.IsAbs(to) {
				to = path.Join(path.Dir(p), to)
			}
			if c := h.ClosedAt(to, needs, links-1); c.Path != "" {
				return c
			}
		} else if want := needed(info, needs); info.Mode().Perm()&want != want {
			c := Closed{Path: p, Mode: info.Mode().Perm(), Dir: info.IsDir()}
			if s, ok := info.Sys().(*syscall.Stat_t); ok {
				c.Group = s.Gid
			}
			return c
		}
		if p == "/" || p == "." {
			return Closed{}
		}
	}
}

// needed is the mode that others need on a folder, or on the file itself.
func needed(info fs.FileInfo, ofFile fs.FileMode) fs.FileMode {
	if info.IsDir() {
		return 0o001
	}
	return ofFile
}
