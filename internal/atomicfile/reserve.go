package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// Reserve makes room on the disk for the first end bytes of a file, which stays
// as long as it is: what is written there later finds room, also where the disk
// is full by then. Not every file system can.
func Reserve(f *os.File, end int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, end)
}
