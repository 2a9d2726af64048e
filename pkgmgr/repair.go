package pkgmgr

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"aadssh/internal/fault"
)

// Repair finishes or undoes what an interrupted run of a package manager left behind. It
// changes no version and removes no package.
func (s *Session) Repair(ctx context.Context) error {
	if err := s.clearStale(); err != nil {
		return err
	}
	var last error
	for _, c := range s.Manager.Repair() {
		d, err := s.run(ctx, c, transacts)
		if err != nil {
			return err
		}
		last = orNil(d.fault) // each command repairs more than the one before it
	}
	return last
}

// clearStale removes the files that a killed run left behind, if nobody uses the package
// manager and no process has them mapped.
func (s *Session) clearStale() error {
	stale := s.stale()
	if len(stale) == 0 {
		return nil
	}
	if busy := s.busy(s.Manager.Locks); busy != nil {
		return busy
	}
	if pid, path, mapped := s.mapped(stale); mapped {
		return fault.New(fault.PackageManagerBusy,
			fmt.Sprintf("Another program is using %s: %s (process %s) has %s open.", s.Manager.Name, s.Host.ProcessName(pid), fmt.Sprint(pid), path),
			fmt.Sprintf("Look at it with: ps -fp %d"+whenEnded, pid))
	}
	for _, path := range stale {
		if _, err := s.Host.RemoveFile(path); err != nil {
			return fault.Wrap(err, fault.Disk, path+", which a killed run left behind, cannot be removed.", "")
		}
	}
	return nil
}

func (s *Session) stale() []string {
	var files []string
	for _, pattern := range s.Manager.StaleFiles {
		files = append(files, s.Host.Glob(pattern)...)
	}
	return files
}

// mapped finds a running process that has one of the files mapped into its memory.
func (s *Session) mapped(files []string) (pid int, path string, found bool) {
	for _, maps := range s.Host.Glob("/proc/[0-9]*/maps") {
		b, err := s.Host.ReadFile(maps, 8<<20)
		if err != nil {
			continue // the process has ended
		}
		for _, f := range files {
			if strings.Contains(string(b), f+"\n") {
				pid, err := strconv.Atoi(filepath.Base(filepath.Dir(maps)))
				return pid, f, err == nil
			}
		}
	}
	return 0, "", false
}
