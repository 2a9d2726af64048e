package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// machine is what a machine has come to: everything that was written to its
// disk, less what says only when it was written.
type machine struct {
	files  map[string]string // path -> kind, mode, owner and content
	loose  map[string]bool   // files whose content differs between undisturbed runs
	state  string            // the packages, as the database has them
	unwell []string          // what is wrong with it by itself
}

// machine looks at the stage's machine.
func (s *stage) machine(ctx context.Context) (machine, error) {
	m := machine{files: map[string]string{}, loose: map[string]bool{}}
	snapshot, err := s.Snapshot()
	if err != nil {
		return m, err
	}
	for path, text := range snapshot {
		if !passing(path) {
			m.files[path] = when.ReplaceAllString(text, "")
		}
	}
	list, audit := "rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\\n' | sort", ""
	if s.apt() {
		list, audit = "dpkg-query -W -f '${Package} ${Version} ${Status}\\n'", "dpkg --audit"
	}
	if m.state, err = s.shell(ctx, list); err != nil {
		m.unwell = append(m.unwell, "the package database does not answer: "+err.Error())
	}
	for what, script := range map[string]string{
		"packages are half installed":                               audit,
		"sshd -t says":                                              "sshd -t 2>&1",
		"somebody still works on the packages":                      "pgrep -lx 'apt-get|dpkg|rpm|dnf|zypper' || true",
		"sshd runs with another configuration than the machine has": fmt.Sprintf("%s | cmp %s/loaded-configuration -", digest, faultsDir),
		"a reload is owed for ever":                                 "ls /var/lib/aadsshlogin-handler/pending 2>/dev/null || true",
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

// when are the parts of a snapshot's line that every write changes.
var when = regexp.MustCompile(` \d+ bytes inode \d+ changed \d+\.\d+`)

// passing are files that come and go with every run: logs and caches of other
// programs, and what the machine itself keeps of its own running.
func passing(path string) bool {
	for _, prefix := range []string{
		"/var/log/", "/var/cache/", "/run/user", "/run/systemd", "/run/sshd", "/run/lock", "/run/zypp",
		"/run/aadsshlogin-handler.lock", "/sys", "/dev",
		"/etc/ssh/ssh_host_", "/etc/hosts", "/etc/ssl/certs", // the rig's own
		"/var/lib/dpkg/lock", "/var/lib/dpkg/triggers/Lock", "/var/lib/apt/lists/lock", "/var/lib/apt/lists/partial",
		"/var/lib/rpm/.rpm.lock", "/var/lib/rpm/rpmdb.sqlite-", "/var/lib/dpkg/status-old", "/var/lib/dpkg/available",
		"/var/lib/dnf", "/var/lib/zypp/AnonymousUniqueId",
	} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return strings.HasSuffix(path, "-") && strings.HasPrefix(path, "/etc/") // backups of passwd(5) and the like
}

// tolerate has the content of a file not compared that differs in another
// undisturbed run.
func (m *machine) tolerate(other machine) {
	for path, text := range m.files {
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

// differs lists what another machine has not, has too much, or has otherwise.
func (m machine) differs(other machine) []string {
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(m.files)) {
		text, is := other.files[path]
		switch {
		case !is && !strings.HasPrefix(m.files[path], "d"):
			lines = append(lines, "lacks "+path)
		case is && text != m.files[path] && !m.loose[path]:
			lines = append(lines, fmt.Sprintf("%s is %q, not %q", path, text, m.files[path]))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(other.files)) {
		if _, was := m.files[path]; !was && !m.loose[path] && !strings.HasPrefix(other.files[path], "d") {
			lines = append(lines, "has too much "+path)
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
