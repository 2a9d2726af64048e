package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/text"

	"golang.org/x/sys/unix"
)

// lockFile prevents two runs of the handler, of any versions, at the same time.
const lockFile = "/run/aadsshlogin-handler.lock"

// ErrLocked means that another run of the handler still held the lock at the end.
var ErrLocked = errors.New("another run of the handler is at work")

// SingleRun takes the lock of the handler, or waits for it until ctx ends; the error then
// names the holder. The lock ends with the process.
func (h *Host) SingleRun(ctx context.Context, who string) (release func(), err error) {
	f, err := h.openLock(os.O_CREATE)
	if err != nil {
		return nil, err
	}
	waiting := false
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, err
		}
		if !waiting {
			waiting = true
			h.Log.Infof("waiting for another run of the handler: %s", h.lockOwner())
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("%w: %s", ErrLocked, h.lockOwner())
		case <-time.After(200 * time.Millisecond):
		}
	}
	// The text is only for people who wait.
	if f.Truncate(0) == nil {
		fmt.Fprintf(f, "process %d, %s\n", os.Getpid(), who)
	}
	return func() { f.Close() }, nil
}

func (h *Host) openLock(how int) (*os.File, error) {
	return os.OpenFile(h.Path(lockFile), os.O_RDWR|how|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
}

// LockErr says why SingleRun cannot take the lock on this machine, as far as that can be
// known without making the file; nil if nothing is known to prevent it.
func (h *Host) LockErr() error {
	f, err := h.openLock(0)
	if err == nil {
		f.Close()
	} else if errors.Is(err, syscall.ENOENT) {
		if err = unix.Access(h.Path(path.Dir(lockFile)), unix.W_OK); err != nil {
			err = &fs.PathError{Op: "open", Path: h.Path(lockFile), Err: err}
		}
	}
	if errors.Is(err, syscall.EACCES) { // not root: it is not known
		return nil
	}
	return err
}

// Checking is what a run calls itself that changes nothing.
const Checking = "a check by the watch"

// OtherRun is the run of the handler that holds the lock, as it calls itself; "" if there is
// none but this one, or one that only checks.
func (h *Host) OtherRun() string {
	if _, held := h.LockHolder([]Lock{{Path: lockFile, Kind: LockFlock}}); !held {
		return ""
	}
	if owner := h.lockOwner(); !strings.HasSuffix(owner, ", "+Checking) {
		return owner
	}
	return ""
}

func (h *Host) lockOwner() string {
	b, err := h.ReadFile(lockFile, 4096)
	if err != nil || len(b) == 0 {
		return "unknown process"
	}
	const longest = 200 // it is shown to people
	owner := text.ASCII(strings.TrimSpace(string(b)))
	return owner[:min(len(owner), longest)]
}
