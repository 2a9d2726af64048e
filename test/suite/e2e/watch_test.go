//go:build rig

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// watch checks all the time whether people could sign in.
type watch struct {
	once   sync.Once
	stop   chan struct{}
	done   chan struct{}
	rounds int
	gaps   []string
}

// seen is a machine whose disk can be read from outside.
type seen interface {
	Stat(name string) (fs.FileInfo, error)
}

// watching starts a watch, or stops it and reports what was missing.
func watching(_ context.Context, s *scenario, ts *testscript.TestScript, args []string) error {
	switch strings.Join(args, " ") {
	case "start":
		disk, ok := s.guest.(seen)
		if !ok {
			return errors.New("the disk of this machine cannot be seen from outside")
		}
		s.watched = &watch{stop: make(chan struct{}), done: make(chan struct{})}
		go s.watched.run(s, disk)
		return nil
	case "stop":
		s.watched.end()
		ts.Logf("checked %d times", s.watched.rounds)
		if s.watched.rounds < 100 {
			return fmt.Errorf("checked %d times only", s.watched.rounds)
		}
		if len(s.watched.gaps) > 0 {
			return errors.New(strings.Join(s.watched.gaps, "; "))
		}
		return nil
	}
	return fmt.Errorf("start or stop, not %q", args)
}

// end ends a watch, even one that has already ended.
func (w *watch) end() {
	w.once.Do(func() { close(w.stop) })
	<-w.done
}

// run checks each millisecond: the removal of a package runs several scripts, and takes far
// longer than that. The database is read again when it is another file: dpkg replaces it.
func (w *watch) run(s *scenario, disk seen) {
	defer close(w.done)
	began := time.Now()
	last := map[string]string{}
	note := func(what, problem string) {
		if last[what] != problem {
			last[what] = problem
			if problem != "" {
				w.gaps = append(w.gaps, fmt.Sprintf("%s after %s: %s", what, time.Since(began).Round(time.Millisecond), problem))
			}
		}
	}
	var database time.Time
	for {
		select {
		case <-w.stop:
			return
		case <-time.After(time.Millisecond):
		}
		w.rounds++
		if info, err := disk.Stat("/var/lib/dpkg/status"); err != nil {
			note("the database", err.Error())
		} else if !info.ModTime().Equal(database) {
			database = info.ModTime()
			version, err := s.installed("aadsshlogin")
			if err != nil || version == "" {
				note("the package", fmt.Sprintf("not installed (%v)", err))
			}
		}
		if _, err := disk.Stat("/usr/sbin/aad_certhandler"); err != nil {
			note("the program", err.Error())
		}
		config, err := s.ReadFile("/etc/ssh/sshd_config")
		if err == nil && !strings.Contains(string(config), "/usr/sbin/aad_certhandler") {
			err = errors.New("sshd does not ask it")
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // an editor replaces the file
			note("sshd's configuration", err.Error())
		}
	}
}
