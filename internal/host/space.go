package host

import "golang.org/x/sys/unix"

// leastRoom is the space below which a file system counts as full, in bytes:
// nothing that a package manager does fits into less.
const leastRoom = 1 << 20

// FullOrReadOnly finds the first of folders whose file system cannot be written, and
// says why: "is read-only" or "is full". A folder that cannot be looked at is
// passed over.
func (h *Host) FullOrReadOnly(folders ...string) (folder, why string, found bool) {
	for _, folder := range folders {
		var s unix.Statfs_t
		if err := unix.Statfs(h.Path(folder), &s); err != nil {
			continue
		}
		switch {
		case s.Flags&unix.ST_RDONLY != 0:
			return folder, "is read-only", true
		case s.Blocks > 0 && s.Bavail*uint64(s.Bsize) < leastRoom, s.Files > 0 && s.Ffree == 0:
			return folder, "is full", true
		}
	}
	return "", "", false
}

// OrdinaryUmask has the files that package managers and their scripts make be
// readable for everybody, as on any machine: the agent's own umask may be one
// with which nobody but root could read them. Our own files have explicit modes.
func OrdinaryUmask() { unix.Umask(0o022) }
