package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// short is the fault of a read or write that transfers less than requested.
const short = "SHORT"

// onExec is the prefix of a fault that affects the command instead of the handler, when it
// is started.
const onExec = "exec "

// failure is the result that a system call is given.
type failure struct {
	name  string        // "ENOSPC"
	errno syscall.Errno // 0: short
	count uint64        // of a short one: the requested count
}

// errno is the number of a fault.
func errno(fault string) (failure, error) {
	name := strings.TrimPrefix(fault, onExec)
	for _, e := range []syscall.Errno{unix.ENOSPC, unix.EDQUOT, unix.EIO, unix.EROFS, unix.EACCES, unix.EMFILE, unix.ENFILE, unix.EINTR, unix.EAGAIN, unix.ENOMEM} {
		if unix.ErrnoName(e) == name {
			return failure{name: fault, errno: e}, nil
		}
	}
	if name == short {
		return failure{name: fault}, nil
	}
	return failure{}, fmt.Errorf("no such fault: %q", fault)
}

// attempt is a system call that can be made to fail.
type attempt struct {
	label  string
	faults []string // the possible faults
	// on are those that it also has when the fault stays: on a full disk, what overwrites a
	// file succeeds.
	on []string
}

// The errors of each kind of call, from its manual page, as far as the machine is their cause.
var (
	readOpens  = []string{"EACCES", "EIO", "EMFILE", "ENFILE"}
	writeOpens = []string{"ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO", "EMFILE"}
	writes     = []string{"ENOSPC", "EDQUOT", "EIO", "EROFS", "EINTR", short}
	reads      = []string{"EIO", "EINTR", short}
	syncs      = []string{"EIO", "ENOSPC", "EDQUOT"}
	names      = []string{"ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO"}
	removals   = []string{"EROFS", "EACCES", "EIO"}
	locks      = []string{"EINTR", "EIO"}
	files      = []string{"EMFILE", "ENFILE"}
	forks      = []string{"EAGAIN", "ENOMEM", onExec + "EACCES", onExec + "ENOMEM", onExec + "EIO"}
)

// attempt says how a system call can be made to fail; nil: not at all.
func (t *tracer) attempt(tid int, number uint64, args [6]uint64) *attempt {
	path := func(at, name int) string { return t.path(tid, int32(args[at]), t.text(tid, args[name])) }
	may := func(verb, object string, faults []string, but ...string) *attempt {
		if ignored(object) {
			return nil
		}
		on := slices.DeleteFunc(slices.Clone(faults), func(f string) bool { return slices.Contains(but, f) || f == "EINTR" })
		return &attempt{label: strings.TrimSpace(verb + " " + stable(object)), faults: faults, on: on}
	}
	switch number {
	case unix.SYS_OPENAT:
		name := path(0, 1)
		switch {
		case args[2]&(unix.O_CREAT|unix.O_TRUNC|unix.O_WRONLY|unix.O_RDWR) == 0:
			return may("open", name, readOpens)
		case t.there(tid, name):
			return may("open for writing", name, writeOpens, "ENOSPC", "EDQUOT")
		}
		return may("create", name, writeOpens)
	case unix.SYS_PIPE2, unix.SYS_SOCKET:
		return may("open a pipe or a socket", "", files)
	case unix.SYS_CLONE, unix.SYS_CLONE3:
		if number == unix.SYS_CLONE && args[0]&unix.CLONE_THREAD != 0 {
			return nil
		}
		return may("start command", "", forks)
	}
	return t.attemptOnOpen(tid, number, args, may, path)
}

// attemptOnOpen is attempt for calls on open files and on names.
func (t *tracer) attemptOnOpen(tid int, number uint64, args [6]uint64, may func(string, string, []string, ...string) *attempt, path func(int, int) string) *attempt {
	regular := func() (string, bool) {
		name := t.file(tid, args[0])
		return name, strings.HasPrefix(name, "/")
	}
	switch number {
	case unix.SYS_WRITE, unix.SYS_PWRITE64:
		if name, is := regular(); is {
			if t.within(tid, number, args) {
				return may("write over", name, writes, "ENOSPC", "EDQUOT")
			}
			return may("write", name, writes)
		}
	case unix.SYS_READ, unix.SYS_PREAD64:
		if name, is := regular(); is {
			return may("read", name, reads)
		}
	case unix.SYS_GETDENTS64:
		return may("list", t.file(tid, args[0]), []string{"EIO"})
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		return may("sync", t.file(tid, args[0]), syncs, "ENOSPC", "EDQUOT")
	case unix.SYS_FALLOCATE:
		return may("reserve", t.file(tid, args[0]), names)
	case unix.SYS_FCHMOD, unix.SYS_FCHOWN, unix.SYS_FTRUNCATE:
		return may("change", t.file(tid, args[0]), removals)
	case unix.SYS_FLOCK:
		return may("lock", t.file(tid, args[0]), locks)
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		return may("rename to", path(2, 3), names, "ENOSPC", "EDQUOT")
	case unix.SYS_UNLINKAT:
		return may("remove", path(0, 1), removals)
	case unix.SYS_MKDIRAT:
		return may("make folder", path(0, 1), names)
	case unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT:
		return may("change", path(0, 1), removals)
	case unix.SYS_SYMLINKAT:
		return may("link", path(1, 2), names)
	}
	return nil
}

// there reports whether a file exists.
func (t *tracer) there(tid int, name string) bool {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	_, err := os.Lstat(name)
	return err == nil
}

// within reports whether a write stays within the space that its file already has.
func (t *tracer) within(tid int, number uint64, args [6]uint64) bool {
	info, err := os.Stat(fmt.Sprintf("/proc/%d/fd/%d", tid, int32(args[0])))
	if err != nil {
		return false
	}
	at := args[3]
	if number == unix.SYS_WRITE {
		if at, err = t.position(tid, args[0], uint64(info.Size())); err != nil {
			return false
		}
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && uint64(st.Blocks)*512 >= at+args[2]
}

// position is the offset of a thread's next write to a file (proc_pid_fdinfo(5)).
func (t *tracer) position(tid int, fd, size uint64) (at uint64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tid, int32(fd)))
	if err != nil {
		return 0, err
	}
	var flags uint64
	if _, err := fmt.Sscanf(string(b), "pos:\t%d\nflags:\t%o", &at, &flags); err != nil {
		return 0, err
	}
	if flags&unix.O_APPEND != 0 {
		at = size
	}
	return at, nil
}

// fallible reports whether a system call that does not change the machine can fail.
func fallible(number uint64) bool {
	switch number {
	case unix.SYS_READ, unix.SYS_PREAD64, unix.SYS_GETDENTS64, unix.SYS_PIPE2, unix.SYS_SOCKET:
		return true
	}
	return false
}

// fail examines a system call that a thread is about to make, and makes it fail if that is
// ordered.
func (t *tracer) fail(tid int, i info) error {
	a := t.attempt(tid, i.Number, i.Args)
	if a == nil {
		return nil
	}
	t.seen[a.label]++
	nth := t.seen[a.label]
	note("attempt", fmt.Sprintf("%s\t%d\t%s", a.label, nth, strings.Join(a.faults, ",")))
	o := t.order
	if o.Operation != t.operation || o.Fault == "" {
		return nil
	}
	if t.killed { // the fault has begun
		if !o.On || !slices.Contains(a.on, o.Fault) {
			return nil
		}
	} else if o.Point != a.label || o.Nth != nth {
		return nil
	}
	if !t.killed {
		t.killed = true
		note("killed", o.Fault+" "+a.label)
	}
	f, err := errno(o.Fault)
	if err != nil {
		return err
	}
	if strings.HasPrefix(o.Fault, onExec) {
		t.exec = f
		return nil
	}
	if f.errno == 0 {
		f.count = i.Args[2]
	}
	t.failing[tid] = f
	return alive(begin(tid, f))
}

// failExec makes the exec of a child fail, and lets the child continue.
func (t *tracer) failExec(tid int, f failure) error {
	i, err := syscallInfo(tid)
	if err != nil {
		return alive(err)
	}
	switch {
	case i.Op == opEntry && i.Number == unix.SYS_EXECVE:
		f.count = 1 // the thread is in the call
		t.failing[tid] = f
		if err := alive(begin(tid, f)); err != nil {
			return err
		}
	case i.Op != opEntry && f.count == 1:
		delete(t.failing, tid)
		if err := alive(finish(tid, f)); err != nil {
			return err
		}
		return alive(unix.PtraceCont(tid, 0))
	}
	return alive(unix.PtraceSyscall(tid, 0))
}
