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

// LockKind is the way in which a program locks a file.
type LockKind int

// The kinds of locks.
const (
	LockFcntl   LockKind = iota // a POSIX record lock on the file: fcntl(2) F_SETLK
	LockFlock                   // an advisory lock on the open file: flock(2)
	LockPIDFile                 // the file contains the pid of the holder; a dead pid holds nothing
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

	PID  int    // 0 if the kernel does not report it, as for a process in another container
	Name string // name of the process; empty if it could not be read
	File string // the lock file
	UID  int    // its effective user id; -1 if that is not known
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
		name = strconv.Quote(name) // a process can choose its name
	}
	return name + " (process " + strconv.Itoa(h.PID) + of + ")"
}

// LockHolder finds the first lock of locks that another process holds. It takes no lock
// itself, not even for a moment, and needs no program such as lsof. A lock that cannot be
// examined counts as free: the program that needs it will report it.
func (h *Host) LockHolder(locks []Lock) (Holder, bool) {
	return h.lockHolder(locks, func(int) bool { return true })
}

// RootLockHolder is LockHolder for locks that root holds. Other users may lock a file that
// they may read, and so make a package manager wait; that does not mean that root is
// running one.
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

// fcntlHolder asks the kernel which process prevents a write lock on the whole file. A
// descriptor opened for reading is enough to ask.
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

// flockHolder finds the file in proc(5) locks, because the only other way to test for an
// flock is to take it.
func (h *Host) flockHolder(path string) (pid int, held bool) {
	info, err := os.Stat(h.Path(path))
	if err != nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	file := fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	// The kernel gives out at most a page with each read, and continues by counting lines:
	// if a lock is released in between, it skips one.
	for range 3 {
		table, err := h.ReadUntil("/proc/locks", Limit, func([]byte) bool { return false })
		if err != nil {
			return 0, false
		}
		if pid, held = findFlock(table, file); held || len(table) < os.Getpagesize()/2 {
			return pid, held
		}
	}
	return 0, false
}

// findFlock reads lines such as
//
//	3: FLOCK  ADVISORY  WRITE 314 00:19:1180 0 EOF
//
// A second field "->" marks a process that waits and holds nothing.
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

// pidFileHolder treats a pid file as the package managers themselves do: it is held as long
// as a process with that pid exists.
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

// ProcessUser is the effective user id of a process, -1 if it is not known. The owner of
// its folder in proc(5) says less: it is root for a process that does not allow others to
// inspect it.
func (h *Host) ProcessUser(pid int) int {
	b, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/status", 1<<16)
	if err != nil || pid <= 0 {
		return -1
	}
	for _, line := range text.SplitLines(string(b)) {
		if ids := strings.Fields(line); len(ids) == 5 && ids[0] == "Uid:" { // real, effective, saved, of files
			if uid, err := strconv.Atoi(ids[2]); err == nil {
				return uid
			}
		}
	}
	return -1
}

// ProcessName is the name of a process: the kernel's name for it, or the full name of its
// program or script if the kernel's was cut at 15 bytes. Arguments are left out, because
// they may contain a password.
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
	for _, word := range strings.SplitN(string(words), "\x00", 4) { // program, maybe an option, script
		if base := text.ASCII(filepath.Base(word)); strings.HasPrefix(base, name) && len(base) <= 64 {
			return base
		}
	}
	return name
}
