package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// joinGroups creates control groups for this machine only: nspawn puts a machine below the
// group that it runs in, and two machines in one group would find each other's services in
// it.
func (m *Machine) joinGroups() error {
	if m.groups != nil {
		return nil
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != "cgroup2" && !(f[2] == "cgroup" && strings.Contains(f[3], "name=systemd")) {
			continue
		}
		// "1:name=systemd:/path" and "0::/path": cgroups(7).
		key := "0::"
		if f[2] == "cgroup" {
			key = ":name=systemd:"
		}
		for entry := range strings.Lines(string(own)) {
			if _, path, ok := strings.Cut(entry, key); ok && (key != "0::" || strings.HasPrefix(entry, key)) {
				group := filepath.Join(f[1], strings.TrimSpace(path), filepath.Base(m.dir))
				if err := os.Mkdir(group, 0o755); err != nil {
					return fmt.Errorf("a control group for the machine: %w", err)
				}
				m.groups = append(m.groups, group)
			}
		}
	}
	if m.groups == nil {
		return errors.New("this host has no control groups that systemd could use")
	}
	return nil
}

// leaveGroups removes the groups, the innermost first, when their last process has ended.
func (m *Machine) leaveGroups() error {
	var failed error
	for _, group := range m.groups {
		var all []string
		err := filepath.WalkDir(group, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				all = append(all, path)
			}
			return nil // a missing group is no error
		})
		for i := len(all) - 1; i >= 0; i-- {
			for range 6000 {
				if err = os.Remove(all[i]); err == nil || errors.Is(err, fs.ErrNotExist) {
					err = nil
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		failed = errors.Join(failed, err)
	}
	m.groups = nil
	return failed
}
