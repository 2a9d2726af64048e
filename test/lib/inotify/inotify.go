// Package inotify shares the kernel's inotify instances among the machines of tests: those
// that a systemd needs count towards root's limit, fs.inotify.max_user_instances (128 by
// default), and a systemd that gets none does not boot, is degraded, or watches nothing.
package inotify

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

// unit is how many instances a systemd needs on which the watch is set up, with a margin: 4
// for itself, and 13 for the watch's path unit.
const unit = 18

// What a machine needs, in units. On one that has booted, systemd has 19 instances without
// the watch, and D-Bus and logind have one each.
const (
	Systemd = 1 // nothing but a systemd
	Booted  = 2
)

// pause is the time between two tries to get them.
const pause = 500 * time.Millisecond

// Reserve takes the instances that a machine is about to use; dir is a folder that all
// processes share that start machines. If too many machines run, it waits until others have
// ended, and reports that on standard error.
func Reserve(ctx context.Context, dir string, units int) (*Reservation, error) {
	return reserve(ctx, os.Stderr, line, func() (*Reservation, error) { return take(dir, units) })
}

// line is held by the machine of this process whose turn it is. Those that wait for it get it
// in the order in which they came: otherwise a test that begins when another ends would take
// what that one has freed, between two tries of those that have waited for long.
var line = make(chan struct{}, 1)

func reserve(ctx context.Context, w io.Writer, line chan struct{}, take func() (*Reservation, error)) (*Reservation, error) {
	select {
	case <-ctx.Done():
		return nil, none(ctx)
	case line <- struct{}{}:
		defer func() { <-line }()
	}
	reported := false
	for {
		r, err := take()
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, syscall.EMFILE) {
			return nil, fmt.Errorf("make an inotify instance: %w", err)
		}
		if !reported {
			fmt.Fprintln(w, "a machine waits for inotify instances, of which other machines have too many; more at once: sysctl fs.inotify.max_user_instances=1024")
			reported = true
		}
		select {
		case <-ctx.Done():
			return nil, none(ctx)
		case <-time.After(pause):
		}
	}
}

func none(ctx context.Context) error {
	return fmt.Errorf("no inotify instances for a machine: %w (sysctl fs.inotify.max_user_instances)", ctx.Err())
}

// Reservation is what Reserve took: a place for each unit for the whole life of the machine,
// so that machines that start at the same moment do not take each other's instances, and
// the instances themselves until its systemd needs them.
type Reservation struct {
	places    []*os.File
	instances []*os.File
}

// most is how many units there are.
func most() (int, error) {
	b, err := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	return max(Booted, n/unit), err
}

// places locks some of a number of files in a folder; EMFILE if too many are locked. The
// locks end with this process.
func places(dir string, some, among int) (mine []*os.File, err error) {
	for i := range among {
		if len(mine) == some {
			break
		}
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("machine.%d.lock", i)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			mine = append(mine, f)
			continue
		}
		f.Close()
	}
	if len(mine) < some {
		free(mine)
		return nil, syscall.EMFILE
	}
	return mine, nil
}

func free(all []*os.File) {
	for _, f := range all {
		f.Close()
	}
}

// take tries once to take some units.
func take(dir string, units int) (*Reservation, error) {
	among, err := most()
	if err != nil {
		return nil, err
	}
	r := &Reservation{}
	if r.places, err = places(dir, units, among); err != nil {
		return nil, err
	}
	for range units * unit {
		fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
		if err != nil {
			r.End()
			return nil, err
		}
		r.instances = append(r.instances, os.NewFile(uintptr(fd), "inotify"))
	}
	return r, nil
}

// Release frees the instances for the machine's own systemd. It is safe to call twice, and
// on nil.
func (r *Reservation) Release() {
	if r == nil {
		return
	}
	free(r.instances)
	r.instances = nil
}

// End frees everything when the machine has ended. It is safe to call twice, and on nil.
func (r *Reservation) End() {
	r.Release()
	if r != nil {
		free(r.places)
		r.places = nil
	}
}
