package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"aadssh/internal/host"
	"aadssh/internal/state"
)

// machine is how a machine is at the end of a case: what was written to its disk, without
// times.
type machine struct {
	files  map[string]string // path -> type, mode, owner and content
	loose  map[string]bool   // files whose content differs between undisturbed runs
	state  string            // the packages in the database
	unwell []string          // what would be wrong with any machine
}

// machine reads the stage's machine: the paths that were written to, and those in beside.
func (s *stage) machine(ctx context.Context, beside map[string]string) (machine, error) {
	m := machine{files: map[string]string{}, loose: map[string]bool{}}
	paths, err := s.touched()
	if err != nil {
		return m, err
	}
	for _, path := range slices.AppendSeq(paths, maps.Keys(beside)) {
		if !passing(path) {
			if m.files[path], err = s.describe(path); err != nil {
				return m, err
			}
		}
	}
	list, audit := "rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\\n' | sort", ""
	if s.apt() {
		list, audit = "dpkg-query -W -f '${Package} ${Version} ${Status}\\n'", "dpkg --audit"
	}
	if m.state, err = s.Script(ctx, list); err != nil {
		m.unwell = append(m.unwell, "the package database does not answer: "+err.Error())
	}
	for what, script := range map[string]string{
		"packages are half installed":  audit,
		"sshd -t says":                 "sshd -t 2>&1",
		"a package manager still runs": "ps -eo comm= | grep -xE 'apt-get|dpkg|rpm|dnf|dnf-3|zypper' || true",
		"sshd runs with another configuration than the machine has": fmt.Sprintf("%s | cmp %s/loaded-configuration -", digest, faultsDir),
		"a reload of sshd is still due":                             "ls /var/lib/aadsshlogin-handler/pending 2>/dev/null || true",
	} {
		if script == "" {
			continue
		}
		r, err := s.Run(ctx, nil, "sh", "-c", script)
		if err != nil {
			return m, err
		}
		if out := oneLine(r.Output()); r.ExitCode != 0 || out != "" {
			m.unwell = append(m.unwell, what+": "+out)
		}
	}
	slices.Sort(m.unwell)
	return m, nil
}

// touched are the paths that were written to since the machine was created, in the saved
// layer or in the case itself.
func (s *stage) touched() ([]string, error) {
	snapshot, err := s.Snapshot()
	if err != nil || s.layer == "" {
		return slices.Collect(maps.Keys(snapshot)), err
	}
	err = filepath.WalkDir(s.layer, func(path string, _ fs.DirEntry, err error) error {
		if path != s.layer {
			snapshot[strings.TrimPrefix(path, s.layer)] = ""
		}
		return err
	})
	return slices.Collect(maps.Keys(snapshot)), err
}

// watchRecord is enable's record for the watch. Its part made has the inodes of the copied
// program, which differ between machines.
const watchRecord = host.StateDir + "/watch.json"

var made = regexp.MustCompile(`(?s),\s*"made": \{.*?\}`)

// gone describes a path where nothing is.
const gone = "gone"

// describe is the type, mode, owner and content of a path.
func (s *stage) describe(path string) (string, error) {
	full := filepath.Join(s.Root(), path) // a link at its end is not followed
	info, err := os.Lstat(full)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return gone, nil
	}
	if err != nil {
		return "", err
	}
	content := ""
	switch {
	case info.Mode().IsRegular():
		b, err := os.ReadFile(full)
		if err != nil {
			return "", err
		}
		if path == watchRecord {
			b = made.ReplaceAll(b, nil)
		}
		content = state.Hash(b)[:16]
		if filepath.Dir(path) == host.StateDir && filepath.Ext(path) == ".json" {
			content = oneLine(string(b)) // so that differences are visible
		}
	case info.Mode()&fs.ModeSymlink != 0:
		if content, err = os.Readlink(full); err != nil {
			return "", err
		}
	}
	owner := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%s %d:%d %s", info.Mode(), owner.Uid, owner.Gid, content), nil
}

// passing are files that change with every run: logs and caches of other programs, and what
// the machine itself records while it runs.
func passing(path string) bool {
	if base := filepath.Base(path); strings.HasPrefix(base, ".") && strings.HasSuffix(base, "~") {
		return false // a temporary file of ours, wherever it is
	}
	for _, prefix := range []string{
		"/var/log/", "/var/cache/", "/run/user", "/run/systemd", "/run/sshd", "/run/lock", "/run/zypp",
		"/run/aadsshlogin-handler.lock", "/sys", "/dev",
		"/tmp/systemd-private-", "/var/tmp/systemd-private-", // of running services (PrivateTmp=)
		"/etc/ssh/ssh_host_", "/etc/hosts", "/etc/ssl/certs", // of the test machine itself
		"/var/lib/dpkg/lock", "/var/lib/dpkg/triggers/Lock", "/var/lib/apt/lists/lock", "/var/lib/apt/lists/partial",
		"/var/lib/rpm/.rpm.lock", "/var/lib/rpm/rpmdb.sqlite-", "/var/lib/dpkg/status-old", "/var/lib/dpkg/available",
		"/var/lib/dnf", "/var/lib/zypp/",
	} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return strings.HasSuffix(path, "-") && strings.HasPrefix(path, "/etc/") // backups of passwd(5) and the like
}

// tolerate excludes from the comparison what differs in another undisturbed run, and the
// content of files that contain times. What is in rpm's database is compared by asking rpm.
func (m *machine) tolerate(other machine) {
	for path, text := range m.files {
		if strings.HasSuffix(path, ".status") || path == host.TransactionLog || strings.HasPrefix(path, "/var/lib/rpm/") {
			m.loose[path] = true
		}
		if later, is := other.files[path]; !is {
			delete(m.files, path)
			m.loose[path] = true
		} else if later != text {
			m.loose[path] = true
		}
	}
	for path := range other.files {
		if _, is := m.files[path]; !is {
			m.loose[path] = true
		}
	}
}

// differs lists what another machine lacks, has in addition, or has with other content.
func (m machine) differs(other machine) []string {
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(m.files)) {
		was, is := m.files[path], other.files[path]
		folder := strings.HasPrefix(was, "d")
		switch {
		case folder:
		case is == gone && was != gone:
			lines = append(lines, "lacks "+path)
		case was == gone && is != gone:
			lines = append(lines, "still has "+path)
		case is != was && !m.loose[path]:
			lines = append(lines, fmt.Sprintf("%s is %q, not %q", path, is, was))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(other.files)) {
		if _, known := m.files[path]; known || m.loose[path] {
			continue
		}
		switch is := other.files[path]; {
		case is == gone:
			lines = append(lines, "has lost "+path)
		case !strings.HasPrefix(is, "d"):
			lines = append(lines, "has in addition "+path)
		}
	}
	if m.state != other.state {
		lines = append(lines, "has other packages: "+lineDiff(m.state, other.state))
	}
	return lines
}

// lineDiff shows the lines that only one of two lists has.
func lineDiff(a, b string) string {
	var out []string
	for line := range strings.Lines(a) {
		if !strings.Contains(b, line) {
			out = append(out, "-"+strings.TrimSpace(line))
		}
	}
	for line := range strings.Lines(b) {
		if !strings.Contains(a, line) {
			out = append(out, "+"+strings.TrimSpace(line))
		}
	}
	return strings.Join(out, ", ")
}
