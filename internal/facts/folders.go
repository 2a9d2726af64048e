package facts

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/internal/text"
	"aadssh/status"
)

// readFolders checks, without writing, whether a run could write its status and its state,
// and take its lock.
func (f *Facts) readFolders(h *host.Host) {
	if f.StatusFolder != "" && f.Sequence >= 0 {
		f.StatusErr = status.Unwritable(h.Path(f.StatusFolder), f.Sequence)
	}
	f.StateErr, f.LockErr = state.Unwritable(h), h.LockErr()
}

// Unlockable is the fault of a run that cannot take the handler's lock.
func Unlockable(err error) *fault.Fault {
	return fault.ByCause(fault.Wrap(err, fault.Disk, "The lock of the handler cannot be taken: "+err.Error()+".",
		unless(err, "Make /run writable, which it is on every machine that has booted (findmnt -T /run; df -h /run)"+fault.ThenAgain)))
}

// StatusUnwritable is the fault of a run that cannot write its status.
func StatusUnwritable(err error) *fault.Fault {
	return fault.Wrap(err, fault.Disk, "The status folder cannot be written: "+err.Error()+".", unless(err, ""))
}

// StateUnwritable is the fault of a run that cannot record what it does.
func StateUnwritable(err error) *fault.Fault {
	return fault.Wrap(err, fault.Disk, "The handler's state cannot be written: "+err.Error()+".",
		unless(err, "Free space on, or make writable, the file system that holds /var/lib (df -h /var/lib; findmnt -T /var/lib)"+fault.AndAgain))
}

// unless is next, unless something else has the name of what was to be written: then no
// space and no mount option helps.
func unless(err error, next string) string {
	var taken *status.Obstacle
	var at *fs.PathError
	if !errors.As(err, &taken) {
		if !errors.As(err, &at) || !slices.Contains([]error{syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP, syscall.EEXIST}, at.Err) {
			return next
		}
		taken = &status.Obstacle{Path: at.Path}
	}
	return "Run: sudo mv " + text.Quote(taken.Path) + " " + text.Quote(taken.Path+".old") + fault.ThenAgain
}
