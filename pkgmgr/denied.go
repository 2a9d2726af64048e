package pkgmgr

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// makeNull is the command that creates the null device (null(4)).
const makeNull = "Make it again: sudo rm -f /dev/null && sudo mknod -m 666 /dev/null c 1 3"

// aptUser is the user as whom apt fetches and verifies (apt.conf(5), APT::Sandbox::User).
const aptUser = "_apt"

// aptDenied is the fault if permissions on the machine keep apt's user from verifying a
// signature; otherwise nil. apt reports this as an invalid signature, although the
// repository is in order.
func aptDenied(h *host.Host, s Source) *fault.Fault {
	if info, err := h.Stat("/dev/null"); err == nil && (info.Mode()&fs.ModeCharDevice == 0 || info.Mode().Perm()&0o006 != 0o006) {
		return fault.New(fault.PackageManagerFailed,
			fmt.Sprintf("apt cannot verify signatures: /dev/null is not what it should be (%s).", info.Mode()),
			makeNull+fault.ThenAgain)
	}
	if info, err := h.Stat("/tmp"); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return fault.New(fault.PackageManagerFailed, "apt cannot verify signatures: there is no folder /tmp.",
			"See what is in its place (ls -ld /tmp), move that away, and run: sudo mkdir -m 1777 /tmp"+fault.ThenAgain)
	}
	uid, gid, found := userIDs(h, aptUser)
	if !found {
		return nil // apt works as root
	}
	if at, mode := refused(h, "/tmp", uid, gid, 0o3); at != "" {
		return fault.New(fault.PackageManagerFailed,
			fmt.Sprintf("apt cannot verify signatures: its user %s may not write to /tmp (%s has the mode %04o).", aptUser, at, mode),
			"Give it its usual mode: sudo chmod 1777 /tmp"+fault.ThenAgain)
	}
	list, err := h.ReadFile(s.ListFile, host.Limit)
	if err != nil {
		return nil
	}
	for _, m := range regexp.MustCompile(`(?i)signed-by\s*[=:]\s*(/[^\s\],]+)`).FindAllStringSubmatch(string(list), -1) {
		if at, mode := refused(h, m[1], uid, gid, 0o4); at != "" {
			return fault.New(fault.PackageManagerFailed,
				fmt.Sprintf("apt cannot verify signatures: its user %s may not read %s (%s has the mode %04o).", aptUser, m[1], at, mode),
				"Let everybody read it: sudo chmod a+rX "+at+fault.ThenAgain)
		}
	}
	return nil
}

// refused is the first part of a path that a user may not pass through, or the end of the
// path if he lacks the rights in need (bits of rwx) there. A missing file refuses nobody.
func refused(h *host.Host, name string, uid, gid uint32, need fs.FileMode) (at string, mode fs.FileMode) {
	var parts []string
	for dir := path.Dir(name); dir != "/" && dir != "."; dir = path.Dir(dir) {
		parts = append([]string{dir}, parts...)
	}
	for _, part := range append(parts, name) {
		info, err := h.Stat(part)
		if err != nil {
			return "", 0
		}
		wants := fs.FileMode(0o1)
		if part == name {
			wants = need
		}
		if granted(info, uid, gid)&wants != wants {
			return part, info.Mode().Perm()
		}
	}
	return "", 0
}

// granted are the rights that the mode of a file gives a user, as bits of rwx.
func granted(info fs.FileInfo, uid, gid uint32) fs.FileMode {
	mode := info.Mode().Perm()
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case ok && st.Uid == uid:
		return mode >> 6 & 0o7
	case ok && st.Gid == gid:
		return mode >> 3 & 0o7
	}
	return mode & 0o7
}

// userIDs finds a user in the machine's own /etc/passwd.
func userIDs(h *host.Host, name string) (uid, gid uint32, found bool) {
	b, err := h.ReadFile("/etc/passwd", host.Limit)
	if err != nil {
		return 0, 0, false
	}
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Split(line, ":")
		if len(f) < 4 || f[0] != name {
			continue
		}
		u, errU := strconv.ParseUint(f[2], 10, 32)
		g, errG := strconv.ParseUint(f[3], 10, 32)
		return uint32(u), uint32(g), errU == nil && errG == nil
	}
	return 0, 0, false
}
