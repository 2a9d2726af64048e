package host

import (
	"os"
	"path/filepath"
	"syscall"
)

// RootOnly reports whether only root can change what is at a path: the file and each folder
// up to the root folder belong to root, and nobody else may write to them. A link is
// followed; the path to it counts as well.
func (h *Host) RootOnly(path string) bool { return h.WritableByOthers(path) == "" }

// WritableByOthers is the part of a path that a user other than root can change, the path
// itself if it cannot be examined, and "" if there is none.
func (h *Host) WritableByOthers(path string) string {
	seen := map[string]bool{}
	for waiting := []string{path}; len(waiting) > 0; {
		part := filepath.Clean("/" + waiting[0])
		waiting = waiting[1:]
		if seen[part] {
			continue
		}
		seen[part] = true
		info, err := h.Lstat(part)
		if err != nil {
			return part
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok || owner.Uid != 0 {
			return part
		}
		if info.Mode()&os.ModeSymlink != 0 { // the mode of a link means nothing
			to, err := h.Readlink(part)
			if err != nil {
				return part
			}
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(part), to)
			}
			waiting = append(waiting, to)
		} else if info.Mode().Perm()&0o022 != 0 {
			return part
		}
		if part != "/" {
			waiting = append(waiting, filepath.Dir(part))
		}
	}
	return ""
}
