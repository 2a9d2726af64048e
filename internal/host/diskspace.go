package host

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Room is the free space on the file system of a folder.
type Room struct {
	_ [0]func() // never compared: no code for == is linked

	Mount  string // where the file system is mounted
	Bytes  uint64 // for root
	Others uint64 // for everybody else, as df shows it, in bytes: without the blocks reserved for root
	Files  uint64 // how many more files it has inodes for
	// Sized and Counted: the file system has a limit of bytes, and of files, at all.
	Sized, Counted bool
	ReadOnly       bool
}

// leastRoom is the free space below which a file system counts as full, in bytes: it is not
// enough for anything that a package manager does.
const leastRoom = 1 << 20

// Room reads the free space of a folder's file system. A quota of the folder itself (a
// project quota of XFS or ext4) is taken into account.
func (h *Host) Room(folder string) (Room, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(h.Path(folder), &s); err != nil {
		return Room{}, err
	}
	block := uint64(s.Bsize)
	return Room{Mount: h.mount(folder), Bytes: s.Bfree * block, Others: s.Bavail * block, Files: s.Ffree,
		Sized: s.Blocks > 0, Counted: s.Files > 0, ReadOnly: s.Flags&unix.ST_RDONLY != 0}, nil
}

// RoomFor reads the free space of the file system that a folder is or will be on. It
// returns false if the kernel does not report it, or if nothing can be written at all.
func (h *Host) RoomFor(folder string) (Room, bool) {
	r, err := h.Room(h.existing(folder))
	return r, err == nil && r.Sized && !r.ReadOnly
}

// FullOrReadOnly finds the first of folders whose file system cannot be written, and says
// why: "is read-only" or "is full". The latter includes a disk that is full only for users
// other than root, as whom apt downloads. A folder that cannot be examined is skipped.
func (h *Host) FullOrReadOnly(folders ...string) (folder, why string, found bool) {
	for _, folder := range folders {
		switch r, err := h.Room(folder); {
		case err != nil:
		case r.ReadOnly:
			return folder, "is read-only", true
		case r.Sized && r.Others < leastRoom, r.Counted && r.Files == 0:
			return folder, "is full", true
		}
	}
	return "", "", false
}

// Fits tests whether a file of this many bytes would fit in a folder, with a file that has
// no name and is removed at once: some quotas can be detected in no other way. If the test
// is not possible, it returns nil.
func (h *Host) Fits(folder string, bytes int64) error {
	fd, err := unix.Open(h.Path(h.existing(folder)), unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return full(err)
	}
	defer unix.Close(fd)
	return full(unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, bytes))
}

// full is an error that says that there is no space, and nil for any other.
func full(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return err
	}
	return nil
}

// existing is the folder, or the next folder above it that exists.
func (h *Host) existing(folder string) string {
	for folder != "/" {
		if info, err := h.Stat(folder); err == nil && info.IsDir() {
			break
		}
		folder = filepath.Dir(folder)
	}
	return folder
}

// mount is the highest folder above a folder that is on the same file system.
func (h *Host) mount(folder string) string {
	device := func(path string) (uint64, bool) {
		var s unix.Stat_t
		err := unix.Stat(h.Path(path), &s)
		return s.Dev, err == nil
	}
	own, _ := device(folder)
	for folder != "/" {
		above := filepath.Dir(folder)
		if dev, ok := device(above); !ok || dev != own {
			break
		}
		folder = above
	}
	return folder
}
