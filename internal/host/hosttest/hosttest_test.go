package hosttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"aadssh/internal/host"
)

// recorder is a testing.TB that keeps what a fake would have failed with.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) finish() string {
	for _, f := range r.cleanups {
		f()
	}
	return strings.Join(r.errors, "\n")
}

func TestUnannouncedCommandsFail(t *testing.T) {
	ctx := context.Background()
	list := host.Command{Name: "ls", Args: []string{"-l", "a b"}}
	for name, c := range map[string]struct {
		play func(*Runner)
		want string // in the failure; empty: none
	}{
		"as expected": {func(r *Runner) {
			r.Expect("ls -l 'a b'", Answer(2, "x"))
			if got, err := r.Run(ctx, list); err != nil || got.ExitCode != 2 || got.Output() != "x" {
				t.Errorf("%v, %v", got, err)
			}
		}, ""},
		"nothing expected": {func(r *Runner) {
			if _, err := r.Run(ctx, list); !errors.Is(err, ErrUnexpected) {
				t.Error(err)
			}
		}, "unexpected command: ls -l 'a b'"},
		"another one": {func(r *Runner) {
			r.Expect("ls", Answer(0, ""))
			r.Run(ctx, list)
		}, "expected   command: ls"},
		"left over": {func(r *Runner) {
			r.ExpectTransaction("dpkg -i x", Answer(0, ""))
		}, "never run: transaction: dpkg -i x"},
		"the wrong way": {func(r *Runner) {
			r.Expect("ls -l 'a b'", Answer(0, ""))
			r.Transact(ctx, list)
		}, "unexpected transaction"},
		"an error": {func(r *Runner) {
			r.ExpectError("ls -l 'a b'", host.ErrStillRunning)
			if _, err := r.Transact(ctx, list); !errors.Is(err, host.ErrStillRunning) {
				t.Error(err)
			}
		}, ""},
	} {
		rec := &recorder{TB: t}
		c.play(New(rec))
		if got := rec.finish(); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
