package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// instances is how many inotify instances a booted machine uses, with a margin: systemd 19,
// and 13 for the path unit of the watch; D-Bus and logind one each. They count towards
// root's limit on this machine, fs.inotify.max_user_instances (128 by default), and a
// systemd that gets none does not boot, is degraded, or watches nothing.
const instances = 34

// pause is the time between two tries to get them.
const pause = 500 * time.Millisecond

// reserve takes the inotify instances that a machine is about to use. If too many machines
// run, it waits until others have ended, and reports that on w.
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

// reservation is what reserve took: a turn for the whole life of the machine, so that
// machines that start at the same moment do not take each other's instances, and the
// instances themselves until its systemd needs them.
type reservation struct {
	turn      *os.File
	instances []*os.File
}

// most is how many machines can run at once.
func most() (int, error) {
	b, err := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	return max(1, n/instances), err
}

// turn locks one of a number of files in a folder; EMFILE if all are locked. The lock ends
// with this process.
func turn(dir string, among int) (*os.File, error) {
	for i := range among {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("machine.%d.lock", i)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return f, nil
		}
		f.Close()
	}
	return nil, syscall.EMFILE
}

// take tries once; dir is a folder that all processes share that start machines.
func take(dir string) (*reservation, error) {
	among, err := most()
	if err != nil {
		return nil, err
	}
	r := &reservation{}
	if r.turn, err = turn(dir, among); err != nil {
		return nil, err
	}
	for range instances {
		fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
		if err != nil {
			r.end()
			return nil, err
		}
		r.instances = append(r.instances, os.NewFile(uintptr(fd), "inotify"))
	}
	return r, nil
}

// release frees the instances for the machine's own systemd. It is safe to call twice, and
// on nil.
func (r *reservation) release() {
	if r == nil {
		return
	}
	for _, f := range r.instances {
		f.Close()
	}
	r.instances = nil
}

// end frees everything when the machine has ended. It is safe to call twice, and on nil.
func (r *reservation) end() {
	r.release()
	if r != nil && r.turn != nil {
		r.turn.Close()
		r.turn = nil
	}
}
