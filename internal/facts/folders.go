package facts

import (
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/status"
)

// lookFolders checks, without writing, whether a run could write its status and its state.
func (q *Question) lookFolders(h *host.Host) (ofStatus, ofState error) {
	if q.StatusFolder != "" && q.Sequence >= 0 {
		ofStatus = status.Unwritable(h.Path(q.StatusFolder), q.Sequence)
	}
	return ofStatus, state.Unwritable(h)
}

// StatusUnwritable is the fault of a run that cannot write its status.
func StatusUnwritable(err error) *fault.Fault {
	return fault.Wrap(err, fault.Disk, "The status folder cannot be written: "+err.Error()+".", "")
}

// StateUnwritable is the fault of a run that cannot record what it does.
func StateUnwritable(err error) *fault.Fault {
	return fault.Wrap(err, fault.Disk, "The handler's state cannot be written: "+err.Error()+".",
		"Free space on, or make writable, the file system that holds /var/lib (df -h /var/lib; findmnt -T /var/lib)"+fault.AndAgain)
}
