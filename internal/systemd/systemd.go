// Package systemd talks to systemd: units, reloads and scopes. Only this package imports
// go-systemd.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	"github.com/coreos/go-systemd/v22/util"
	godbus "github.com/godbus/dbus/v5"
)

// ErrNotRunning means that this machine was not booted with systemd.
var ErrNotRunning = errors.New("systemd is not running on this machine")

// ErrLost means that systemd closed the connection during a request, as it does for a
// moment when its own package is upgraded. The request may have been carried out.
var ErrLost = errors.New("the connection to systemd was lost")

// privateSocket is where systemd itself listens for root. systemctl uses it
// too: it needs no D-Bus daemon, which may be down or in the middle of an
// upgrade.
const privateSocket = "/run/systemd/private"

// ErrSilent means that something accepts connections at systemd's socket and does not
// answer. To ask again would only take the same time once more.
var ErrSilent = errors.New("systemd does not answer")

// answerTimeout is how long systemd may take for what it normally does at once: to accept a
// connection, and to answer a question.
const answerTimeout = 10 * time.Second

// Running reports whether this machine was booted with systemd: sd_booted(3).
func Running() bool { return util.IsRunningSystemd() }

// session is one connection. It is opened as late and closed as early as possible, because
// a package transaction in between may restart the other side.
type session struct {
	conn  *dbus.Conn
	close func()
}

// open connects. The connection lasts until close and not until ctx ends: godbus closes a
// connection together with the context that it was created with, and then everything on it
// fails with a misleading error.
func open(ctx context.Context) (*session, error) {
	if !Running() {
		return nil, ErrNotRunning
	}
	var direct error
	if os.Geteuid() == 0 && exists(privateSocket) {
		s, err := dial(ctx, dbus.NewSystemdConnectionContext)
		if err == nil || errors.Is(err, ErrSilent) {
			return s, err
		}
		if ctx.Err() != nil {
			return nil, silent(ctx, ctx.Err())
		}
		direct = err
	}
	s, err := dial(ctx, dbus.NewSystemConnectionContext)
	if err != nil && direct != nil {
		err = fmt.Errorf("%w; %w", direct, err)
	}
	if err != nil {
		return nil, fmt.Errorf("systemd cannot be reached, neither directly nor by D-Bus: %w", err)
	}
	return s, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// dial waits for a connection until ctx ends, or for patience at most. A late connection is
// closed.
func dial(ctx context.Context, connect func(context.Context) (*dbus.Conn, error)) (*session, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	type answer struct {
		conn *dbus.Conn
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		conn, err := connect(life)
		got <- answer{conn, err}
	}()
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	var err error
	select {
	case a := <-got:
		if a.err != nil {
			end()
			return nil, a.err
		}
		return &session{conn: a.conn, close: func() { a.conn.Close(); end() }}, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = &silence{context.DeadlineExceeded}
	}
	end() // ends the handshake, so that the goroutine ends too
	go func() {
		if a := <-got; a.conn != nil {
			a.conn.Close()
		}
	}()
	return nil, err
}

// ask runs one question with its own time limit.
func ask(ctx context.Context, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return silent(ctx, lost(question(ctx)))
}

// silent converts the error of a question that was not answered in time.
func silent(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &silence{err}
	}
	return err
}

// silence is ErrSilent with the error that ended the wait, which is of no interest to
// people.
type silence struct{ err error }

func (s *silence) Error() string   { return ErrSilent.Error() + ": nothing was heard of it in time" }
func (s *silence) Unwrap() []error { return []error{ErrSilent, s.err} }

// start is a method of a connection that begins a job, returns its number and sends its
// result.
type start func(ctx context.Context, done chan<- string) (id int, err error)

// job begins a job and waits for its end. The channel is buffered: while the library cannot
// send, it handles nothing else. The signal may never come if systemd executes itself again
// in the meantime, so the list of jobs is read too.
func (s *session) job(ctx context.Context, what string, begin start) error {
	done := make(chan string, 1)
	var id int
	err := ask(ctx, func(ctx context.Context) (err error) {
		id, err = begin(ctx, done)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	missed := false
	for {
		select {
		case result := <-done:
			if result != "done" {
				return fmt.Errorf("%s: %w", what, &JobError{Result: result})
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%s: systemd has not finished: %w", what, ctx.Err())
		case <-look.C:
			if s.waiting(ctx, id) {
				missed = false
				continue
			}
			if missed { // twice, because the signal may have been on its way
				return fmt.Errorf("%s: %w", what, ErrLost)
			}
			missed = true
		}
	}
}

// waiting reports whether systemd still has the job.
func (s *session) waiting(ctx context.Context, id int) bool {
	if !s.conn.Connected() {
		return false
	}
	var jobs []dbus.JobStatus
	err := ask(ctx, func(ctx context.Context) (err error) {
		jobs, err = s.conn.ListJobsContext(ctx)
		return err
	})
	if err != nil {
		return !errors.Is(err, ErrLost)
	}
	return slices.ContainsFunc(jobs, func(j dbus.JobStatus) bool { return int(j.Id) == id })
}

// JobError is a job that ended otherwise than "done": canceled, timeout,
// failed, dependency or skipped (org.freedesktop.systemd1(5)).
type JobError struct{ Result string }

// Error is the result, in systemd's own word.
func (e *JobError) Error() string { return "systemd's job ended with " + e.Result }

// lost converts the error of a broken connection.
func lost(err error) error {
	var d godbus.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, godbus.ErrClosed), errors.Is(err, io.EOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), // errors of the connection itself
		errors.As(err, &d) && (d.Name == "org.freedesktop.DBus.Error.NoReply" || d.Name == "org.freedesktop.DBus.Error.Disconnected"):
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

// named reports whether systemd answered with this D-Bus error.
func named(err error, name string) bool {
	var d godbus.Error
	return errors.As(err, &d) && d.Name == name
}

// again repeats an idempotent action once if systemd could not be reached or the connection
// was lost during it: a systemd that executes itself again is back within a second or two.
func again(ctx context.Context, do func(*session) error) error {
	const tries = 8
	pause := 50 * time.Millisecond // doubled each time: 6 seconds in all
	var err error
	for i := range tries {
		if i > 0 {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(pause):
			}
			pause *= 2
		}
		var s *session
		if s, err = open(ctx); err != nil {
			if errors.Is(err, ErrNotRunning) || errors.Is(err, ErrSilent) {
				return err
			}
			continue
		}
		err = do(s)
		s.close()
		if !errors.Is(err, ErrLost) {
			return err
		}
	}
	return err
}
