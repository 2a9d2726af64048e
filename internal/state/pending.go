package state

import (
	"aadssh/internal/host"
)

// OweReload writes down that sshd must be told of a changed configuration. It
// is called before the change, so a run that is killed in between is finished
// by the next one.
func OweReload(h *host.Host) error {
	if err := Dir(h); err != nil {
		return err
	}
	_, err := h.EnsureFile(pendingFile, []byte("reload sshd\n"), 0o600)
	return err
}

// ReloadOwed reports whether a reload is still owed.
func ReloadOwed(h *host.Host) bool { return h.Exists(pendingFile) }

// ReloadDone strikes the debt out.
func ReloadDone(h *host.Host) error {
	_, err := h.RemoveFile(pendingFile)
	return err
}
