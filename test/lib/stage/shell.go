package stage

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/box"
)

// Shell runs a test's scripts on a machine of any kind. A failure ends the test.
type Shell struct {
	T testing.TB
	// Exec runs a program there.
	Exec func(ctx context.Context, argv ...string) (box.Result, error)
	// Log is what the program under test did, which is shown if the test ends; nil: nothing is.
	Log func() string
}

// On is a shell in a box.
func On(t testing.TB, b *box.Box) *Shell {
	return &Shell{T: t, Exec: func(ctx context.Context, argv ...string) (box.Result, error) { return b.Run(ctx, nil, argv...) }}
}

// Must ends a test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Must ends the test on an error.
func (s *Shell) Must(err error) {
	s.T.Helper()
	Must(s.T, err)
}

// Fatal ends the test and shows the log.
func (s *Shell) Fatal(format string, args ...any) {
	s.T.Helper()
	if s.Log != nil {
		s.T.Logf("the log:\n%s", s.Log())
	}
	s.T.Fatalf(format, args...)
}

// Try runs a script, whatever its result. It may also be called after the end of the test.
func (s *Shell) Try(script string) box.Result {
	s.T.Helper()
	r, err := s.Exec(context.WithoutCancel(s.T.Context()), "sh", "-c", script)
	s.Must(err)
	return r
}

// Do runs a script whose last command must succeed, and returns its output without
// surrounding blanks.
func (s *Shell) Do(script string) string {
	s.T.Helper()
	return strings.TrimSpace(s.succeeds(script, script))
}

// Sh runs a script in which each command must succeed, and returns its output.
func (s *Shell) Sh(script string) string {
	s.T.Helper()
	return s.succeeds(script, "set -e\n"+script)
}

func (s *Shell) succeeds(script, run string) string {
	s.T.Helper()
	r := s.Try(run)
	if r.ExitCode != 0 {
		s.Fatal("%s: exit %d\n%s", script, r.ExitCode, r.Output())
	}
	return string(r.Stdout)
}

// Shf is Sh with a format.
func (s *Shell) Shf(format string, args ...any) string {
	s.T.Helper()
	return s.Sh(fmt.Sprintf(format, args...))
}

// Fails runs a script that must fail: it shows that an obstacle which the test set up has
// its effect.
func (s *Shell) Fails(format string, args ...any) string {
	s.T.Helper()
	script := fmt.Sprintf(format, args...)
	r := s.Try(script)
	if r.ExitCode == 0 {
		s.Fatal("it succeeds, and should fail: %s\n%s", script, r.Output())
	}
	return r.Output()
}

// Await waits until a script succeeds.
func (s *Shell) Await(script string) {
	s.T.Helper()
	s.Until(script, func() bool { return s.Try(script).ExitCode == 0 })
}

// Until waits until a condition is true; the limit is far above what it takes.
func (s *Shell) Until(what string, so func() bool) {
	s.T.Helper()
	for range 6000 {
		if so() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.Fatal("this never happened: %s", what)
}
