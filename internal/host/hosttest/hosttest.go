// Package hosttest is a machine for tests: an empty root, and a runner that accepts only
// the commands that were announced to it, in that order, and fails the test on anything
// else.
package hosttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// ErrUnexpected is the error of a command that was not expected.
var ErrUnexpected = errors.New("hosttest: unexpected command")

// Runner is a host.Runner that returns prepared results.
type Runner struct {
	t        testing.TB
	mu       sync.Mutex
	expected []expectation
}

type expectation struct {
	command     string
	transaction bool
	result      host.Result
	err         error
	then        func()
}

// New makes a runner that expects nothing yet. A command that is still expected when the
// test ends is an error too.
func New(t testing.TB) *Runner {
	t.Helper()
	r := &Runner{t: t}
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range r.expected {
			t.Errorf("never run: %s", e)
		}
	})
	return r
}

// Host is a machine with an empty root in a temporary directory, whose commands r runs.
func (r *Runner) Host() *host.Host {
	return &host.Host{Root: Folder(r.t), Runner: r, Log: logging.Discard()}
}

// Folder is an empty folder that is removed when the test ends. It is in memory where there
// is such a place: tests with hundreds of small machines spent most of their time on making
// and removing files on a disk.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "hosttest.")
	if err != nil {
		return t.TempDir()
	}
	if err := os.Chmod(dir, 0o755); err != nil { // as / of a machine
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Expect announces that the next command is a query (or another command that may be
// killed), and its result. The command is compared in the form of host.Command.String:
// environment, name, arguments, quoted, without secrets.
func (r *Runner) Expect(command string, answer host.Result) {
	r.add(expectation{command: command, result: answer})
}

// ExpectTransaction is Expect for a command that must be run by Transact.
func (r *Runner) ExpectTransaction(command string, answer host.Result) {
	r.add(expectation{command: command, transaction: true, result: answer})
}

// ExpectError announces that the next command, whichever way it is run, cannot be run or
// does not end in time.
func (r *Runner) ExpectError(command string, err error) {
	r.add(expectation{command: command, err: err})
}

// Then calls f when the last announced command is run, before it returns: for what the
// command does to the machine.
func (r *Runner) Then(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.expected) == 0 {
		r.t.Fatal("hosttest: Then without an expectation")
	}
	r.expected[len(r.expected)-1].then = f
}

// Answer is the result of a command that printed text and exited with code.
func Answer(code int, text string) host.Result {
	return host.Result{ExitCode: code, Stdout: []byte(text)}
}

// Run returns the result of a query.
func (r *Runner) Run(ctx context.Context, c host.Command) (host.Result, error) {
	return r.answer(ctx, c, false)
}

// Transact returns the result of a transaction.
func (r *Runner) Transact(ctx context.Context, c host.Command) (host.Result, error) {
	return r.answer(ctx, c, true)
}

func (r *Runner) add(e expectation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected = append(r.expected, e)
}

func (r *Runner) answer(ctx context.Context, c host.Command, transaction bool) (host.Result, error) {
	r.t.Helper()
	want, err := r.next(c, transaction)
	if err != nil {
		return host.Result{}, err
	}
	if want.then != nil {
		want.then()
	}
	if want.err == nil && !transaction && ctx.Err() != nil {
		return host.Result{}, ctx.Err()
	}
	return want.result, want.err
}

func (r *Runner) next(c host.Command, transaction bool) (expectation, error) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	got := expectation{command: c.String(), transaction: transaction}
	if len(r.expected) == 0 {
		r.t.Errorf("unexpected %s", got)
		return expectation{}, fmt.Errorf("%w: %s", ErrUnexpected, c)
	}
	want := r.expected[0]
	if want.command != got.command || want.err == nil && want.transaction != got.transaction {
		r.t.Errorf("unexpected %s\nexpected   %s", got, want)
		return expectation{}, fmt.Errorf("%w: %s", ErrUnexpected, c)
	}
	r.expected = r.expected[1:]
	return want, nil
}

func (e expectation) String() string {
	if e.transaction {
		return "transaction: " + e.command
	}
	return "command: " + e.command
}
