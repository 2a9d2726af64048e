package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// instances is how many inotify instances a booted machine uses, with some to
// spare: systemd 19, D-Bus and logind one each. They are root's on this machine,
// who may have fs.inotify.max_user_instances of them (128 by default), and a
// systemd that gets none does not boot, or watches nothing.
const instances = 24

// pause is the time between two tries to get them.
const pause = 500 * time.Millisecond

// reserve takes the inotify instances that a machine is about to use. Where too
// many machines run, it waits until others have ended, and says so on w.
func reserve(ctx context.Context, w io.Writer, take func() (*reservation, error)) (*reservation, error) {
	told := false
	for {
		r, err := take()
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, syscall.EMFILE) {
			return nil, fmt.Errorf("make an inotify instance: %w", err)
		}
		if !told {
			fmt.Fprintln(w, "a machine waits for inotify instances, of which other machines have too many; more at once: sysctl fs.inotify.max_user_instances=1024")
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no inotify instances for a machine: %w (sysctl fs.inotify.max_user_instances)", ctx.Err())
		case <-time.After(pause):
		}
	}
}

// reservation is what reserve took.
type reservation []*os.File

func take() (*reservation, error) {
	r := &reservation{}
	for range instances {
		fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
		if err != nil {
			r.release()
			return nil, err
		}
		*r = append(*r, os.NewFile(uintptr(fd), "inotify"))
	}
	return r, nil
}

// release gives them back. It is safe to call twice, and on nil.
func (r *reservation) release() {
	if r == nil {
		return
	}
	for _, f := range *r {
		f.Close()
	}
	*r = nil
}
