package facts

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/fault"
	"aadssh/status"
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

// TestSomethingElseThere: where something else has the name of what is to be written, the
// next step is to move it, not to free space.
func TestSomethingElseThere(t *testing.T) {
	folder := t.TempDir()
	taken := folder + "/status"
	if err := os.Symlink("/nowhere", taken); err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]*fault.Fault{
		"status": StatusUnwritable(status.Unwritable(taken, 0)),
		"lock":   Unlockable(&fs.PathError{Op: "open", Path: taken, Err: syscall.EISDIR}),
		"state":  StateUnwritable(&fs.PathError{Op: "mkdir", Path: taken, Err: syscall.EEXIST}),
	} {
		if got := f.Remedy(); got != "Run: sudo mv "+taken+" "+taken+".old"+fault.ThenAgain {
			t.Errorf("%s: %s", what, got)
		}
		full := &fs.PathError{Op: "open", Path: taken, Err: syscall.ENOSPC}
		for _, f := range []*fault.Fault{StatusUnwritable(full), Unlockable(full), StateUnwritable(full)} {
			if strings.Contains(f.Remedy(), "mv") {
				t.Errorf("of a full disk: %s", f.Remedy())
			}
		}
	}
}
