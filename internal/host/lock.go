package host

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"aadssh/internal/text"

	"golang.org/x/sys/unix"
)

// LockKind is the way in which a program tells others that it is at work.
type LockKind int

// The kinds of locks.
const (
	LockFcntl   LockKind = iota // a POSIX record lock on the file: fcntl(2) F_SETLK
	LockFlock                   // an advisory lock on the open file: flock(2)
	LockPIDFile                 // the file's content is the pid of who is at work; a dead pid holds nothing
)

// Lock is one lock file of another program.
type Lock struct {
	_ [0]func() // never compared: no code for == is linked

	Path string
	Kind LockKind
}

// Holder is a process that holds a lock.
type Holder struct {
	_ [0]func() // never compared: no code for == is linked

	PID  int    // 0 where the kernel does not say, as for a process in another container
	Name string // what the process is called; empty where it could not be read
	File string // the lock file
	UID  int    // whom it belongs to, by its effective user id; -1 where that is not known
}

// String is the holder for people: "unattended-upgrade (process 314)".
func (h Holder) String() string {
	switch {
	case h.PID == 0:
		return "a process that cannot be seen from here"
	case h.Name == "":
		return "process " + strconv.Itoa(h.PID)
	}
	of, name := "", h.Name
	if h.UID > 0 && h.UID != os.Geteuid() {
		of = " of user " + strconv.Itoa(h.UID)
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") != "" {
		name = strconv.Quote(name) // a process names itself
	}
	return name + " (process " + strconv.Itoa(h.PID) + of + ")"
}

// LockHolder finds the first lock of locks that somebody else holds. It takes
// no lock itself, not even for a moment, and needs no program such as lsof. A
// lock that cannot be looked at counts as free: who needs it will see.
func (h *Host) LockHolder(locks []Lock) (Holder, bool) {
	return h.lockHolder(locks, func(int) bool { return true })
}

// RootLockHolder is LockHolder for locks that root holds. Others may lock a file
// that they may read, and keep a package manager waiting by it; that root is at
// work it does not show.
func (h *Host) RootLockHolder(locks []Lock) (Holder, bool) {
	return h.lockHolder(locks, func(uid int) bool { return uid == 0 })
}

func (h *Host) lockHolder(locks []Lock, counts func(uid int) bool) (Holder, bool) {
	for _, l := range locks {
		var pid int
		var held bool
		switch l.Kind {
		case LockFcntl:
			pid, held = h.fcntlHolder(l.Path)
		case LockFlock:
			pid, held = h.flockHolder(l.Path)
		case LockPIDFile:
			pid, held = h.pidFileHolder(l.Path)
		}
		if uid := h.ProcessUser(pid); held && pid != os.Getpid() && counts(uid) {
			return Holder{PID: pid, Name: h.ProcessName(pid), File: l.Path, UID: uid}, true
		}
	}
	return Holder{}, false
}

// fcntlHolder asks the kernel who stands in the way of a write lock on the
// whole file. Asking works on a descriptor that is open for reading only.
func (h *Host) fcntlHolder(path string) (pid int, held bool) {
	f, err := os.OpenFile(h.Path(path), os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil || lock.Type == unix.F_UNLCK {
		return 0, false
	}
	return max(int(lock.Pid), 0), true // -1: an open file description lock, which has no owner
}

// flockHolder looks the file up in proc(5) locks, because there is no way to
// ask for an flock but to take it.
func (h *Host) flockHolder(path string) (pid int, held bool) {
	info, err := os.Stat(h.Path(path))
	if err != nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	table, err := h.ReadFile("/proc/locks", 0)
	if err != nil {
		return 0, false
	}
	return findFlock(table, fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino))
}

// findFlock reads lines such as
//
//	3: FLOCK  ADVISORY  WRITE 314 00:19:1180 0 EOF
//
// A second field "->" marks a process that waits; it holds nothing.
func findFlock(table []byte, file string) (pid int, held bool) {
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) >= 6 && f[1] == "FLOCK" && f[5] == file {
			pid, _ = strconv.Atoi(f[4])
			return max(pid, 0), true
		}
	}
	return 0, false
}

// pidFileHolder believes a pid file as the package managers themselves do: as
// long as a process with that pid lives.
func (h *Host) pidFileHolder(path string) (pid int, held bool) {
	b, err := h.ReadFile(path, 64)
	if err != nil {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 1 {
		return 0, false
	}
	_, err = h.Stat("/proc/" + strconv.Itoa(pid))
	return pid, !errors.Is(err, fs.ErrNotExist)
}

// ProcessUser is the effective user id of a process, -1 where it is not known.
// The owner of its folder in proc(5) says less: it is root for a process that
// does not let others look at it.
func (h *Host) ProcessUser(pid int) int {
	b, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/status", 1<<16)
	if err != nil || pid <= 0 {
		return -1
	}
	for line := range strings.Lines(string(b)) {
		if ids := strings.Fields(line); len(ids) == 5 && ids[0] == "Uid:" { // real, effective, saved, of files
			if uid, err := strconv.Atoi(ids[2]); err == nil {
				return uid
			}
		}
	}
	return -1
}

// ProcessName is what a process is called: the kernel's name for it, or the
// whole name of its program or script where the kernel's was cut at 15 bytes.
// Its arguments are left out, for they may hold a password.
func (h *Host) ProcessName(pid int) string {
	if pid <= 0 {
		return ""
	}
	b, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/comm", 4096)
	if err != nil {
		return ""
	}
	name := text.ASCII(strings.TrimSuffix(string(b), "\n"))
	words, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/cmdline", 1<<20)
	if err != nil || name == "" {
		return name
	}
	for _, word := range strings.SplitN(string(words), "\x00", 4) { // program, perhaps an option, script
		if base := text.ASCII(filepath.Base(word)); strings.HasPrefix(base, name) && len(base) <= 64 {
			return base
		}
	}
	return name
}
