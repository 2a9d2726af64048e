//go:build rig

package families

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
)

// mayStay are the files that an uninstallation cannot restore: what the package managers
// and the tools of the maintainer scripts keep, for every transaction. docs/stand-ins.md
// lists them for people.
func mayStay() []string {
	return []string{
		"/etc/.pwd.lock", "/etc/group-", "/etc/gshadow-", // groupadd(8) and groupdel(8)
		"/etc/ld.so.cache", "/var/cache/ldconfig", // ldconfig(8)
		"/var/log", // of apt, dpkg, dnf, zypper, the agent and the handler
		"/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg", "/var/cache/debconf",
		"/var/lib/pam", // pam-auth-update(8): known profiles
		"/var/lib/rpm", "/var/lib/dnf", "/var/cache/dnf", "/usr/lib/sysimage", "/var/cache/libdnf5", "/run/dnf",
		"/var/cache/yum", "/var/cache/tdnf", "/run/.tdnf-instance-lockfile",
		"/var/lib/zypp", "/var/cache/zypp", "/run/zypp.pid", "/var/lib/YaST2/cookies",
	}
}

// leftover lists the visible differences of the machine from before: type, mode, owner and
// content of files.
func (m machine) leftover(before box.Snapshot) []string {
	m.T.Helper()
	layers, err := m.Persona.Layers(m.T.Context(), m.Cache)
	m.Must(err)
	now := m.Snapshot()
	var found []string
	for _, line := range m.written(before, mayStay()...) {
		path := line[2:]
		if line[0] == '+' && same(filepath.Join(m.Root(), path), original(layers, path)) {
			continue // it was written, and then restored
		}
		if line[0] == '~' && unchanged(before[path], now[path]) {
			continue // something in a folder came and went, or an attribute
		}
		found = append(found, line)
	}
	return found
}

// original is a file in the layers of a machine; "" if they have none of that name.
func original(layers []string, path string) string {
	for _, dir := range layers {
		name := filepath.Join(dir, path)
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || info.Mode()&fs.ModeCharDevice != 0 {
			return "" // hidden by this layer
		}
		return name
	}
	return ""
}

// unchanged compares two entries of snapshots without the time.
func unchanged(before, now string) bool {
	time := regexp.MustCompile(` changed [0-9.]+`)
	return time.ReplaceAllString(before, "") == time.ReplaceAllString(now, "")
}

// same compares two files as people see them. Both may be missing: a removal is recorded in
// the layer of changes, too.
func same(a, b string) bool {
	one, errA := describe(a)
	two, errB := describe(b)
	return errA == nil && errB == nil && one == two
}

func describe(name string) (string, error) {
	info, err := os.Lstat(name)
	if name == "" || errors.Is(err, fs.ErrNotExist) {
		return "absent", nil
	}
	if err != nil {
		return "", err
	}
	owner := info.Sys().(*syscall.Stat_t)
	text := fmt.Sprintf("%s %d:%d ", info.Mode(), owner.Uid, owner.Gid)
	switch {
	case info.Mode().IsRegular():
		content, err := os.ReadFile(name)
		return text + string(content), err
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(name)
		return text + target, err
	}
	return text, nil
}

// written lists what was written since before, except by the agent and the handler in their
// own places, and below the paths in but.
func (m machine) written(before box.Snapshot, but ...string) []string {
	m.T.Helper()
	return m.Written(before, append(but, agentrun.Lib, "/var/log/azure")...)
}
