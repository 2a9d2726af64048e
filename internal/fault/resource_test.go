package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestResource: what the kernel says about the machine is reported as that, wherever it
// occurs in an error, and nothing else is.
func TestResource(t *testing.T) {
	for _, c := range []struct {
		err  error
		code Code
		says string
	}{
		{&fs.PathError{Op: "open", Path: "/etc/x", Err: syscall.EMFILE}, Resources, "open /etc/x"},
		{&fs.PathError{Op: "write", Path: "/etc/x", Err: syscall.EFBIG}, Resources, "may write no larger files: write /etc/x"},
		{fmt.Errorf("y: %w", &fs.PathError{Op: "write", Path: "/etc/x", Err: syscall.ENOSPC}), Disk, "No space is left"},
		{&os.SyscallError{Syscall: "fsync", Err: syscall.EIO}, Disk, "input/output"},
		{syscall.EDQUOT, Disk, "quota"},
		{syscall.EROFS, Disk, "read-only"},
		{syscall.ENFILE, Resources, "machine may open no more files"},
		{&fs.PathError{Op: "fork/exec", Path: "/usr/bin/dpkg", Err: syscall.EAGAIN}, Resources, "processes"},
		{&fs.PathError{Op: "fork/exec", Path: "/usr/bin/dpkg", Err: syscall.ENOMEM}, Resources, "memory"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &os.SyscallError{Syscall: "socket", Err: syscall.EMFILE}}, Resources, "dial tcp"},
		{&fs.PathError{Op: "read", Path: "/x", Err: syscall.EAGAIN}, OK, ""},
		{&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, OK, ""},
		{&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}, OK, ""},
		{errors.New("x"), OK, ""},
		{nil, OK, ""},
	} {
		f := Resource(c.err)
		switch {
		case f == nil && c.code != OK:
			t.Errorf("%v: nothing", c.err)
		case f != nil && (f.Code != c.code || !strings.Contains(f.What, c.says) || f.Remedy() == ""):
			t.Errorf("%v: %d %s", c.err, f.Code, f.What)
		}
	}
}

// TestUnread: what prevents root from reading an existing file is reported as that, with
// the file and a next step; a missing file is not such a fault.
func TestUnread(t *testing.T) {
	at := func(errno syscall.Errno) error {
		return fmt.Errorf("x: %w", &fs.PathError{Op: "open", Path: "/etc/a b", Err: errno})
	}
	for errno, code := range map[syscall.Errno]Code{
		syscall.EACCES: Disk, syscall.EPERM: Disk, syscall.EIO: Disk, syscall.ESTALE: Disk, syscall.EUCLEAN: Disk,
		syscall.EMFILE: Resources, syscall.ENFILE: Resources, syscall.ENOMEM: Resources,
	} {
		f := Unread(at(errno), "The file of something")
		if f == nil || f.Code != code || !strings.Contains(f.What, "/etc/a b: "+errno.Error()) || f.Remedy() == "" || !errors.Is(f, errno) || !Unreadable(at(errno)) {
			t.Errorf("%v: %+v", errno, f)
		}
	}
	if f := Unread(at(syscall.EACCES), "The file of something"); !strings.HasPrefix(f.What, "The file of something cannot be read") || !strings.Contains(f.Next, "ls -lZ '/etc/a b'") {
		t.Errorf("%s %s", f.What, f.Next)
	}
	for _, err := range []error{nil, at(syscall.ENOENT), at(syscall.ENOTDIR), at(syscall.EISDIR), at(syscall.ELOOP), at(syscall.ESRCH), errors.New("x")} {
		if f := Unread(err, "x"); f != nil || Unreadable(err) {
			t.Errorf("%v: %+v", err, f)
		}
	}
}

// TestSpoken: the kernel's words are found at the end of a text, and nowhere else.
func TestSpoken(t *testing.T) {
	for words, want := range map[string]syscall.Errno{
		"error reading x: open x: permission denied": syscall.EACCES,
		"read /x: input/output error":                syscall.EIO,
		"open /x: too many open files":               syscall.EMFILE,
		"permission denied by somebody":              0,
		"json: cannot unmarshal number":              0,
		"":                                           0,
	} {
		if got := Spoken(words); got != want {
			t.Errorf("%q: %v", words, got)
		}
	}
}

// TestByCause: a fault that is caused by such an error is reported as that; a fault that
// only occurs beside one is not.
func TestByCause(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}
	if f := ByCause(Wrap(full, PackageManagerFailed, "dnf could not be run.", "Repair it.")); f.Code != Disk || !strings.HasSuffix(f.What, "dnf could not be run.") || strings.Contains(f.Remedy(), "Repair") {
		t.Errorf("%d %s %s", f.Code, f.What, f.Remedy())
	}
	own := Wrap(full, Disk, "What.", "Next.")
	if f := ByCause(own); f != own {
		t.Errorf("%+v", f)
	}
	if f := ByCause(Of(errors.Join(New(IdentityMissing, "None.", ""), full))); f.Code != IdentityMissing {
		t.Errorf("%+v", f)
	}
	immutable := fmt.Errorf("x: %w", &os.LinkError{Op: "rename", Old: "/etc/.x~", New: "/etc/x", Err: syscall.EPERM})
	if f := ByCause(Wrap(immutable, Disk, "/etc/x cannot be written.", "Free space.")); f.Code != Disk || !strings.Contains(f.Remedy(), "lsattr -d FILE") || strings.Contains(f.Remedy(), "Free space") {
		t.Errorf("%d %s", f.Code, f.Remedy())
	}
	if ByCause(nil) != nil {
		t.Error("nothing is something")
	}
}
