package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is a system call before and after which the handler can be killed.
type call struct {
	label string
	nth   int
}

// info is the part of struct ptrace_syscall_info of ptrace(2) that is used here.
type info struct {
	Op     uint8
	_      [3]uint8
	Arch   uint32
	IP, SP uint64
	Number uint64
	Args   [6]uint64
	_      [24]byte
}

const opEntry = 1 // PTRACE_SYSCALL_INFO_ENTRY

func syscallInfo(tid int) (info, error) {
	var i info
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid), unsafe.Sizeof(i), uintptr(unsafe.Pointer(&i)), 0, 0)
	if errno != 0 {
		return i, errno
	}
	return i, nil
}

// look classifies a system call: it changes the machine, or it does not (nil, true). For a
// call that it does not know it returns false, so that no change is missed.
func (t *tracer) look(tid int, number uint64, args [6]uint64) (*call, bool) {
	path := func(at, name int) string { return t.path(tid, int32(args[at]), t.text(tid, args[name])) }
	point := func(verb, object string) (*call, bool) {
		if ignored(object) {
			return nil, true
		}
		return &call{label: strings.TrimSpace(verb + " " + stable(object))}, true
	}
	switch number {
	case unix.SYS_OPENAT:
		if args[2]&(unix.O_CREAT|unix.O_TRUNC) != 0 {
			return point("create", path(0, 1))
		}
		return nil, true
	case unix.SYS_WRITE, unix.SYS_PWRITE64:
		return point("write", t.file(tid, args[0]))
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		return point("sync", t.file(tid, args[0]))
	case unix.SYS_FCHMOD:
		return point("chmod", t.file(tid, args[0]))
	case unix.SYS_FCHOWN:
		return point("chown", t.file(tid, args[0]))
	case unix.SYS_FALLOCATE:
		return point("reserve", t.file(tid, args[0]))
	case unix.SYS_FTRUNCATE:
		return point("truncate", t.file(tid, args[0]))
	case unix.SYS_FSETXATTR:
		return point("label", t.file(tid, args[0]))
	case unix.SYS_FLOCK:
		return point("lock", t.file(tid, args[0]))
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		return point("rename to", path(2, 3))
	case unix.SYS_UNLINKAT:
		return point("remove", path(0, 1))
	case unix.SYS_MKDIRAT:
		return point("make folder", path(0, 1))
	case unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2:
		return point("chmod", path(0, 1))
	case unix.SYS_FCHOWNAT:
		return point("chown", path(0, 1))
	case unix.SYS_SYMLINKAT:
		return point("link", path(1, 2))
	case unix.SYS_LINKAT:
		return point("link", path(2, 3))
	case unix.SYS_UTIMENSAT:
		return point("touch", path(0, 1))
	case unix.SYS_CLONE, unix.SYS_CLONE3:
		if number == unix.SYS_CLONE && args[0]&unix.CLONE_THREAD != 0 {
			return nil, true
		}
		return point("start command", "")
	case unix.SYS_WAITID:
		return point("wait for command", "")
	case unix.SYS_EXIT_GROUP:
		return point("exit", "")
	}
	return nil, harmless(number)
}

// ignored are objects whose change is of no interest: sockets and the like, files of the
// kernel, and the log, whose lines are written around other changes.
func ignored(object string) bool {
	for _, prefix := range []string{"socket:", "anon_inode:", "/proc/", "/dev/", "/sys/"} {
		if strings.HasPrefix(object, prefix) {
			return true
		}
	}
	return strings.HasSuffix(object, "/handler.log")
}

// stable is an object with a name that is the same in every run.
func stable(object string) string {
	switch {
	case strings.HasPrefix(object, "pipe:"):
		return "pipe"
	case strings.Contains(object, "box-output"):
		return "standard output"
	}
	for _, r := range unstable {
		object = r.ReplaceAllString(object, "*")
	}
	return object
}

// unstable are the parts of names that differ between runs: the process ID and the digits
// of a temporary file, and times.
var unstable = []*regexp.Regexp{regexp.MustCompile(`[0-9]+-[0-9]+(\.tmp)?~`), regexp.MustCompile(`[0-9]{12,}`), regexp.MustCompile(`\(deleted\)`)}

func (t *tracer) text(tid int, address uint64) string {
	buffer := make([]byte, 4096)
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", tid))
	if err != nil {
		return "?"
	}
	defer f.Close()
	n, _ := f.ReadAt(buffer, int64(address))
	text, _, _ := strings.Cut(string(buffer[:n]), "\x00")
	return text
}

func (t *tracer) path(tid int, at int32, name string) string {
	if strings.HasPrefix(name, "/") || at == unix.AT_FDCWD {
		return name
	}
	return t.file(tid, uint64(at)) + "/" + name
}

func (t *tracer) file(tid int, fd uint64) string {
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tid, int32(fd)))
	if err != nil {
		return "?"
	}
	return name
}

// harmless are the system calls that do not change the machine.
func harmless(number uint64) bool {
	switch number {
	case unix.SYS_READ, unix.SYS_PREAD64, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_NEWFSTATAT, unix.SYS_STATX, unix.SYS_LSEEK,
		unix.SYS_GETDENTS64, unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_FSTATFS, unix.SYS_STATFS,
		unix.SYS_GETXATTR, unix.SYS_LGETXATTR, unix.SYS_FGETXATTR, unix.SYS_FCNTL, unix.SYS_IOCTL, unix.SYS_GETCWD,
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_BRK, unix.SYS_PRCTL,
		unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_NANOSLEEP,
		unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
		unix.SYS_TGKILL, unix.SYS_KILL, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_WAIT4,
		unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_GETPPID, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
		unix.SYS_UNAME, unix.SYS_UMASK, unix.SYS_SYSINFO, unix.SYS_GETRANDOM, unix.SYS_PRLIMIT64, unix.SYS_GETRUSAGE, unix.SYS_GETPRIORITY,
		unix.SYS_SETITIMER, unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE,
		unix.SYS_EXECVE, // our own start of the handler
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_PIPE2, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_PPOLL,
		unix.SYS_SOCKET, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT4, unix.SYS_SETSOCKOPT, unix.SYS_GETSOCKOPT,
		unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_SENDTO, unix.SYS_RECVFROM, unix.SYS_SENDMSG, unix.SYS_SENDMMSG, unix.SYS_RECVMSG,
		unix.SYS_SHUTDOWN, unix.SYS_SET_TID_ADDRESS, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_EXIT, unix.SYS_MINCORE:
		return true
	}
	return ofThisArchitecture(number)
}
