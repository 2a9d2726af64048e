package host

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/logging"
)

// searchPath is where programs are searched. The agent's own PATH is not used: some agents
// start handlers without one. A folder only counts if nobody but root can change it.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// here is the machine that commands run on, for the checks while finding them.
func here() *Host { return &Host{} }

// safePath is searchPath without the folders that a user other than root can write to:
// programs that scripts of packages call are found there too.
func safePath() string {
	var dirs []string
	for _, dir := range filepath.SplitList(searchPath) {
		if here().RootOnly(dir) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, ":")
}

// outputLimit is the most that is kept of each stream of a command, in bytes.
const outputLimit = 4 << 20

// Local runs commands on the machine that the handler runs on.
type Local struct {
	Log *logging.Logger
	// Isolate moves a process that has not begun its work into a systemd scope of its own,
	// so that it is not stopped together with the agent. Nil: it only has its own process
	// group.
	Isolate func(ctx context.Context, pid int) error
}

// environment is the environment of every command: the same on each distribution, so that
// output can be parsed and nothing asks questions. HOME is set because the agent sets none
// and gpg, dnf and zypper need it.
func environment(extra []string) []string {
	return append([]string{
		"PATH=" + safePath(),
		"HOME=/root",
		"LANG=C.UTF-8",
		"LC_ALL=C.UTF-8",
		"LANGUAGE=C",
		"TERM=dumb",
	}, extra...)
}

// findProgram finds a program in the search path. A program that a user other than root
// could have put there, or could change, is not run.
func findProgram(name string) (string, error) {
	candidates := []string{name}
	if !strings.Contains(name, "/") {
		candidates = nil
		for _, dir := range filepath.SplitList(searchPath) {
			candidates = append(candidates, filepath.Join(dir, name))
		}
	}
	var unsafe error
	for _, full := range candidates {
		if !executable(full) {
			continue
		}
		part := here().WritableByOthers(full)
		if part == "" {
			return full, nil
		}
		if unsafe == nil {
			unsafe = &UnsafeProgramError{Program: full, Part: part}
		}
	}
	if unsafe != nil {
		return "", unsafe
	}
	return "", fmt.Errorf("%s: %w", name, ErrNotFound)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// longestQuery is how long a command that changes nothing may take at most, or less if its
// caller allows less. It is enough for a package manager that first reads the metadata of
// all its sources.
const longestQuery = 4 * time.Minute

// HangsError means that a program was ended because it did not answer in time.
type HangsError struct {
	_ [0]func() // never compared: no code for == is linked

	Program string
	After   time.Duration
}

// Error names the program and the time that it was given.
func (e *HangsError) Error() string {
	return fmt.Sprintf("%s did not answer within %s", filepath.Base(e.Program), e.After.Round(100*time.Millisecond))
}

// Is reports a HangsError as context.DeadlineExceeded.
func (e *HangsError) Is(target error) bool { return target == context.DeadlineExceeded }

// Run runs a query or another short command in its own process group, which is killed when
// ctx ends.
func (l *Local) Run(ctx context.Context, c Command) (Result, error) {
	path, err := findProgram(c.Name)
	if err != nil {
		return Result{}, err
	}
	if !c.Changes {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, longestQuery)
		defer cancel()
	}
	stdout, stderr := &capped{}, &capped{}
	cmd := exec.CommandContext(ctx, path, c.Args...)
	cmd.Env, cmd.Dir = environment(c.Env), cmp.Or(c.Dir, "/")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if c.Stdin != "" {
		cmd.Stdin = strings.NewReader(c.Stdin)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// A grandchild that keeps the pipes open must not make us wait.
	cmd.WaitDelay = 2 * time.Second

	var action *logging.Action
	if c.Changes {
		action = l.Log.Started("run %s", c)
	}
	began := time.Now()
	err = cmd.Run()
	r := Result{ExitCode: cmd.ProcessState.ExitCode(), Signal: signalOf(cmd.ProcessState), Stdout: stdout.kept.Bytes(), Stderr: stderr.kept.Bytes(), Elapsed: time.Since(began)}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = &HangsError{Program: c.Name, After: r.Elapsed}
	case ctx.Err() != nil:
		err = fmt.Errorf("%s: %w", c.Name, ctx.Err())
	case errors.Is(err, exec.ErrWaitDelay) && !c.Changes: // a process may still hold a part of the output
		err = &HangsError{Program: c.Name, After: r.Elapsed}
	case errors.As(err, new(*exec.ExitError)), errors.Is(err, exec.ErrWaitDelay):
		err = nil // how it ended is in the result
	}
	if action != nil {
		action.Ended(orExit(err, r))
	} else {
		l.Log.Debugf("ran %s: %s in %s", c, r.Ending(), r.Elapsed.Round(time.Millisecond))
	}
	return r, err
}

// orExit is the error that the log gets for the end of a command.
func orExit(err error, r Result) error {
	if err == nil && r.ExitCode != 0 {
		return errors.New(r.Ending())
	}
	return err
}

// signalOf is the signal that ended a process; "" if it exited, or was never started.
func signalOf(p *os.ProcessState) string {
	if p == nil {
		return ""
	}
	if ws, ok := p.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal().String()
	}
	return ""
}

// capped keeps the first outputLimit bytes that are written to it. The buffer is not
// embedded, because io.Copy would bypass Write.
type capped struct{ kept bytes.Buffer }

func (b *capped) Write(p []byte) (int, error) {
	room := max(outputLimit-b.kept.Len(), 0)
	b.kept.Write(p[:min(room, len(p))])
	return len(p), nil
}

// ReadFrom writes everything that it reads from r. Without it io.Copy would allocate 32 KiB
// for each of the two streams of each command.
func (b *capped) ReadFrom(r io.Reader) (all int64, err error) {
	piece := make([]byte, 4<<10)
	for {
		n, err := r.Read(piece)
		b.Write(piece[:n])
		all += int64(n)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// OrdinaryUmask sets the usual umask, so that files that package managers and their scripts
// create are readable for everybody: with the agent's own umask maybe only root could read
// them. Our own files have explicit modes.
func OrdinaryUmask() { syscall.Umask(0o022) }
