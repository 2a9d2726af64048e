package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// Reserve allocates disk space for the first end bytes of a file without changing its
// length, so that they can still be written when the disk is full. Not every file system
// supports it.
func Reserve(f *os.File, end int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, end)
}
