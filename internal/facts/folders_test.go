package facts

import (
	"io/fs"
	"syscall"
	"testing"

	"aadssh/internal/fault"
)

// TestUnlockable: what a lock cannot be taken for is a matter of /run, or of what the
// machine has run out of.
func TestUnlockable(t *testing.T) {
	for errno, want := range map[syscall.Errno]fault.Code{
		syscall.EROFS: fault.Disk, syscall.ENOSPC: fault.Disk, syscall.EACCES: fault.Disk,
		syscall.EMFILE: fault.Resources, syscall.ENOMEM: fault.Resources,
	} {
		if f := Unlockable(&fs.PathError{Op: "open", Path: "/run/x", Err: errno}); f.Code != want {
			t.Errorf("%v: %d %s", errno, f.Code, f.What)
		}
	}
}
