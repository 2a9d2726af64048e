package fault

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"aadssh/internal/text"
)

// resource is something that a machine can run out of.
type resource struct {
	_ [0]func() // never compared: no code for == is linked

	errno syscall.Errno
	code  Code
	words string
	next  string // empty: the code's
}

// resources are the errors of the kernel that are about the machine and never about the
// request (errno(3)). EAGAIN is one only if a process could not be started.
func resources() []*resource {
	const (
		open   = "See what has so many files open (sudo lsof | awk '{print $1,$2}' | sort | uniq -c | sort -n | tail) and what the limit is (ulimit -n; cat /proc/sys/fs/file-nr)" + ThenAgain
		memory = "Free memory or add some (free -m; sudo dmesg | grep -i oom), then " + Again + "."
		starts = "See what runs and what may run (ps -e | wc -l; ulimit -u; systemctl show -p TasksCurrent,TasksMax walinuxagent waagent), then " + Again + "."
	)
	return []*resource{
		{errno: syscall.ENOSPC, code: Disk, words: "No space is left on a file system", next: ""},
		{errno: syscall.EDQUOT, code: Disk, words: "The quota of a file system is used up", next: ""},
		{errno: syscall.EROFS, code: Disk, words: "A file system is read-only", next: ""},
		{errno: syscall.EIO, code: Disk, words: "A disk reports an input/output error", next: "See what the kernel says of the disk (sudo dmesg | grep -iE 'error|remount' | tail), repair it" + AndAgain},
		{errno: syscall.EFBIG, code: Resources, words: "This process may write no larger files", next: "See what limits it (ulimit -f; systemctl show -p LimitFSIZE walinuxagent waagent)" + ThenAgain},
		{errno: syscall.EMFILE, code: Resources, words: "This process may open no more files", next: open},
		{errno: syscall.ENFILE, code: Resources, words: "The machine may open no more files", next: open},
		{errno: syscall.ENOMEM, code: Resources, words: "The machine has no memory left", next: memory},
		{errno: syscall.EAGAIN, code: Resources, words: "No more processes can be started", next: starts},
	}
}

// Protected is the next step for "Operation not permitted" if there is space and root may
// write: hardening guides recommend the attribute i (chattr(1)).
const Protected = "Where a file or folder that is named is protected from changes (sudo lsattr -d FILE shows i or a), allow them: sudo chattr -i -a FILE."

// Resource is the fault of an error that says what the machine has run out of; nil for all
// others. Its text includes what failed because of that.
func Resource(err error) *Fault {
	r, is := resourceOf(err)
	if !is {
		return nil
	}
	return Wrap(err, r.code, r.words+": "+err.Error()+".", r.next)
}

// ByCause is f, or a fault of the machine's resources if one of those is the cause: a full
// disk is not a fault of the package manager.
func ByCause(f *Fault) *Fault {
	if f == nil {
		return nil
	}
	if f.Code == Disk && errors.Is(f.Err, syscall.EPERM) {
		return Wrap(f.Err, Disk, f.What, Protected+" Then "+Again+".")
	}
	r, is := resourceOf(f.Err)
	if !is || r.code == f.Code {
		return f
	}
	return Wrap(f.Err, r.code, r.words+". "+f.What, r.next)
}

// Unreadable says whether err keeps a file or a folder from being read that may well
// be there. By the other errors there is none, or something else in its place.
func Unreadable(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && !slices.Contains([]syscall.Errno{
		syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL,
		syscall.ENXIO, syscall.ENODEV, // a socket or a device
		syscall.ESRCH, // a process that has ended, in /proc
	}, errno)
}

// Unread is the fault of what is Unreadable; nil for other errors. what is the file, at
// the beginning of a sentence.
func Unread(err error, what string) *Fault {
	if f := Resource(err); f != nil || !Unreadable(err) {
		return f
	}
	name := "FILE"
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		name = text.Quote(at.Path)
	}
	return Wrap(err, Disk, what+" cannot be read: "+err.Error()+".",
		"See what keeps root from reading it (sudo ls -lZ "+name+"; sudo lsattr "+name+"; sudo dmesg | tail)"+AndAgain)
}

// Spoken is the error of the kernel whose words a text ends with: libraries make a text
// of what they meet. 0 where there is none.
func Spoken(words string) syscall.Errno {
	const most = syscall.Errno(133) // of errno(3) on Linux
	for errno := syscall.Errno(1); errno <= most; errno++ {
		if strings.HasSuffix(words, errno.Error()) {
			return errno
		}
	}
	return 0
}

func resourceOf(err error) (resource, bool) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return resource{}, false
	}
	var at *fs.PathError
	if errno == syscall.EAGAIN && (!errors.As(err, &at) || at.Op != "fork/exec") {
		return resource{}, false
	}
	for _, r := range resources() {
		if r.errno == errno {
			return *r, true
		}
	}
	return resource{}, false
}
