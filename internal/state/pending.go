package state

import (
	"aadssh/internal/host"
)

// SetReloadPending records that sshd has to read a changed configuration. It is called before the
// change, so that after a kill the next run does the reload.
func SetReloadPending(h *host.Host) error {
	if err := Dir(h); err != nil {
		return err
	}
	_, err := h.EnsureFile(pendingFile, []byte("reload sshd\n"), 0o600)
	return err
}

// ReloadPending reports whether a reload is still due.
func ReloadPending(h *host.Host) bool { return h.Exists(pendingFile) }

// ReloadDone deletes that record.
func ReloadDone(h *host.Host) error {
	_, err := h.RemoveFile(pendingFile)
	return err
}
