package host

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// label is the extended attribute that holds a file's SELinux context.
const label = "security.selinux"

// EnsureLabel gives a file the SELinux label of another one, mostly of its
// folder: what the agent writes may carry the agent's own. Without SELinux
// there is nothing to do.
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

// keepLabel gives tmp the SELinux label of the file that it is to replace, and
// where there is none that of its folder: of what a service makes, a policy may
// think otherwise (Debian's has etc_runtime_t for all that an unconfined one
// makes below /etc, where restorecon wants etc_t).
func keepLabel(full string, tmp *os.File) {
	have := make([]byte, 256)
	n, err := unix.Lgetxattr(full, label, have)
	if errors.Is(err, unix.ENOENT) {
		n, err = unix.Getxattr(filepath.Dir(full), label, have)
	}
	if err != nil || n <= 0 {
		return
	}
	_ = unix.Fsetxattr(int(tmp.Fd()), label, have[:n], 0) // best effort: without SELinux there is nothing to keep
}
