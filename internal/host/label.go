package host

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// label is the extended attribute with a file's SELinux context.
const label = "security.selinux"

// EnsureLabel gives a file the SELinux label of another one, usually of its folder: what
// the agent writes may have the agent's own label. Without SELinux it does nothing.
func (h *Host) EnsureLabel(path, like string) error {
	want := make([]byte, 256)
	n, err := unix.Getxattr(h.Path(like), label, want)
	if err != nil || n <= 0 {
		return nil // no label, or a file system without labels
	}
	want = want[:n]
	have := make([]byte, 256)
	if n, err := unix.Lgetxattr(h.Path(path), label, have); err == nil && bytes.Equal(have[:n], want) {
		return nil
	}
	action := h.Log.Started("label %s as %s", path, bytes.TrimRight(want, "\x00"))
	err = unix.Lsetxattr(h.Path(path), label, want, 0)
	if errors.Is(err, unix.ENOTSUP) {
		err = nil
	}
	return action.Ended(err)
}

// keepLabel gives tmp the SELinux label of the file that it replaces or, if there is none,
// that of its folder: for files that a service creates, a policy may choose another one
// (Debian's uses etc_runtime_t for everything that an unconfined service creates below
// /etc, where restorecon sets etc_t).
func keepLabel(full string, tmp *os.File) {
	have := make([]byte, 256)
	n, err := unix.Lgetxattr(full, label, have)
	if errors.Is(err, unix.ENOENT) {
		n, err = unix.Getxattr(filepath.Dir(full), label, have)
	}
	if err != nil || n <= 0 {
		return
	}
	_ = unix.Fsetxattr(int(tmp.Fd()), label, have[:n], 0) // as far as possible: without SELinux there is no label to keep
}
