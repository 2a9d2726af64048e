package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// busy is a package manager that is running when the machine boots for the first time: the
// real one, installing a package whose script waits.
type busy struct {
	name    string
	persona roots.Persona
	install string // shell; %s is the file of that package
}

func busyManagers() []busy {
	dnf5 := roots.Like("rhel11.0", roots.Forky, roots.Dnf, strings.ReplaceAll(roots.RHEL("9.4").OSRelease, "9.4", "11.0"))
	return []busy{
		{"apt", roots.Ubuntu("22.04"), "DEBIAN_FRONTEND=noninteractive apt-get -y install %s"},
		{"dnf 4", roots.RHEL("9.4"), "dnf -y --nogpgcheck install %s"},
		// Debian's build has a plugin whose program is missing.
		{"dnf 5", dnf5, "dnf -y --disable-plugin=local install %s"},
		{"zypper", roots.SLES("15.6"), "zypper --non-interactive --no-gpg-checks install %s"},
	}
}

// hold is the file that the package's script waits for.
const hold = "/hold"

// locked measures a first installation on machines whose package manager is busy for the
// given time: how much longer it takes than on an idle machine, counted from when the
// manager is free. Of each the median of three is taken: the handler looks for the lock twice
// a second, so one measurement alone says little.
func locked(lock time.Duration) func(context.Context) ([]figure, error) {
	return func(ctx context.Context) ([]figure, error) {
		const rounds = 3
		managers := busyManagers()
		free, held := make([][]time.Duration, len(managers)), make([][]time.Duration, len(managers))
		for range rounds {
			for i, m := range managers { // one after another: nothing else must be measured
				took, err := m.whenFree(ctx)
				if err != nil {
					return nil, fmt.Errorf("%s, free: %w", m.name, err)
				}
				free[i] = append(free[i], took)
			}
		}
		type answer struct {
			at   int
			took time.Duration
			err  error
		}
		answers := make(chan answer)
		for n := range rounds * len(managers) {
			go func() {
				at := n % len(managers)
				// They end one after the other, so that they do not disturb each other.
				took, err := managers[at].whenBusy(ctx, lock+time.Duration(n)*8*time.Second)
				answers <- answer{at, took, err}
			}()
		}
		var errs []error
		for range rounds * len(managers) {
			a := <-answers
			if a.err != nil {
				errs = append(errs, fmt.Errorf("%s, at work: %w", managers[a.at].name, a.err))
			}
			held[a.at] = append(held[a.at], a.took)
		}
		var figures []figure
		for i, m := range managers {
			late := median(held[i]) - median(free[i])
			figures = append(figures, figure{fmt.Sprintf("%s at work for %s at first boot: later than on a free machine (%s) by, median of %d", m.name, lock, seconds(median(free[i])), rounds),
				seconds(late), "<= 1.00 s", late > time.Second})
		}
		return figures, errors.Join(errs...)
	}
}

// whenFree is how long install and enable take on an idle machine.
func (m busy) whenFree(ctx context.Context) (time.Duration, error) {
	s, err := scene.Start(ctx, scene.Options{Persona: m.persona})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	began := time.Now()
	err = applied(ctx, s)
	return time.Since(began), err
}

// whenBusy is how long they continue after the manager is free again.
func (m busy) whenBusy(ctx context.Context, lock time.Duration) (time.Duration, error) {
	s, err := scene.Start(ctx, scene.Options{Persona: m.persona})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	at, err := m.slowPackage(ctx, s)
	if err != nil {
		return 0, err
	}
	if err := s.WriteFile(hold, nil, 0o600); err != nil {
		return 0, err
	}
	other, err := s.Start(nil, "sh", "-c", fmt.Sprintf(m.install, at))
	if err != nil {
		return 0, err
	}
	// The package's script waits with this command; the pattern does not match itself.
	if err := shell(ctx, s, `for i in $(seq 600); do grep -qsa 'sleep.0[.]05' /proc/[0-9]*/cmdline && exit 0; sleep 0.1; done; exit 1`); err != nil {
		ended, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		r, _ := other.Wait(ended) // its output, if it has ended
		return 0, fmt.Errorf("the other one did not begin: %w\n%s", err, r.Output())
	}
	done := make(chan error, 1)
	go func() { done <- applied(ctx, s) }()
	select {
	case err := <-done:
		return 0, fmt.Errorf("did not wait: %w", err)
	case <-time.After(lock):
	}
	if err := s.Remove(hold); err != nil {
		return 0, err
	}
	if r, err := other.Wait(ctx); err != nil || r.ExitCode != 0 {
		return 0, fmt.Errorf("the other one: exit %d, %v\n%s", r.ExitCode, err, r.Output())
	}
	began := time.Now()
	err = <-done
	return time.Since(began), err
}

// slowPackage copies to the machine a package whose script waits as long as hold exists.
func (m busy) slowPackage(ctx context.Context, s *scene.Scene) (path string, err error) {
	build := fixtures.RPM
	if m.persona.Family == roots.Apt {
		build = fixtures.Deb
	}
	file, err := build(ctx, s.Cache, fixtures.Spec{Name: fixtures.Dependency + "09", Version: "1.0", Hold: hold})
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	path = "/" + filepath.Base(file)
	return path, s.WriteFile(path, content, 0o644)
}

// applied makes the agent run install and enable.
func applied(ctx context.Context, s *scene.Scene) error {
	report, err := s.Agent.Apply(ctx, s.Goal())
	if err != nil {
		return err
	}
	if last := report.Runs[len(report.Runs)-1]; last.Operation != "enable" || last.ExitCode != 0 {
		return fmt.Errorf("%s ended with %d: %s", last.Operation, last.ExitCode, last.Stdout)
	}
	return nil
}
