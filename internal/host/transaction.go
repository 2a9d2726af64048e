package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The files of a transaction.
const (
	StateDir       = "/var/lib/aadsshlogin-handler"
	TransactionLog = StateDir + "/transaction.log"
	runningFile    = "/run/aadsshlogin-handler.transaction"
)

// transactionLogLimit is the size at which the log starts over, in bytes.
const transactionLogLimit = 4 << 20

// Running is a transaction that an earlier run of the handler started.
type Running struct {
	_ [0]func() // never compared: no code for == is linked

	PID     int       `json:"pid"`
	Start   string    `json:"start"` // the kernel's start time: the pid alone may belong to another process by now
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// ownProgram is the file of the running program, even if another version has replaced it:
// proc_pid_exe(5).
const ownProgram = "/proc/self/exe"

// ErrNoProc means that /proc is missing. A package manager and its scripts would not work
// without it either.
var ErrNoProc = errors.New("/proc is not mounted on this machine")

// HeldArgument is the hidden first argument with which the handler starts its own binary to
// become a package manager; see Held.
const HeldArgument = "run-held"

// Transact runs a package transaction independently of this process: it has its own
// session, its own scope if there is systemd, its output goes to a file, and it is never
// killed. If ctx ends first the error is ErrStillRunning, and RunningTransaction finds it
// again.
func (l *Local) Transact(ctx context.Context, c Command) (r Result, err error) {
	path, err := findProgram(c.Name)
	if err != nil {
		return r, err
	}
	if _, err := os.Stat(ownProgram); errors.Is(err, fs.ErrNotExist) {
		return r, ErrNoProc
	}
	if err := os.MkdirAll(StateDir, 0o700); err != nil {
		return r, err
	}
	out, offset, err := openTransactionLog(c)
	if err != nil {
		return r, err
	}
	defer out.Close()
	hold, release, err := os.Pipe()
	if err != nil {
		return r, err
	}
	defer release.Close()

	cmd := held(path, c, out, hold)
	action := l.Log.Started("transaction %s", c)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		hold.Close()
		return r, action.Ended(err)
	}
	hold.Close()
	if err := l.isolate(ctx, cmd.Process.Pid); err != nil {
		l.Log.Warnf("the transaction stays in the agent's control group: %v", err)
	}
	if err := record(cmd.Process.Pid, c); err != nil {
		l.Log.Warnf("the transaction is not recorded: %v", err)
	}
	if _, err := release.Write([]byte{1}); err != nil {
		return r, action.Ended(fmt.Errorf("start the transaction: %w", err))
	}

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
		os.Remove(runningFile)
	case <-ctx.Done():
		return r, action.Ended(fmt.Errorf("%s: %w", c.Name, ErrStillRunning))
	}
	r.ExitCode, r.Signal, r.Elapsed = cmd.ProcessState.ExitCode(), signalOf(cmd.ProcessState), time.Since(began)
	r.Stdout, _ = io.ReadAll(io.NewSectionReader(out, offset, outputLimit))
	if errors.As(err, new(*exec.ExitError)) {
		err = nil
	}
	action.Ended(orExit(err, r))
	return r, err
}

// held is our own binary as a child process: it waits on the pipe until it has been
// isolated and recorded, and only then becomes the package manager, so that everything that
// the package manager forks is isolated too.
func held(path string, c Command, out, hold *os.File) *exec.Cmd {
	cmd := exec.Command(ownProgram, append([]string{HeldArgument, path}, c.Args...)...)
	cmd.Env, cmd.Dir = environment(c.Env), "/"
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{hold}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// isolate limits the time for a systemd that does not answer.
func (l *Local) isolate(ctx context.Context, pid int) error {
	if l.Isolate == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return l.Isolate(ctx, pid)
}

// openTransactionLog opens the log for appending and returns the offset at which this
// transaction's part begins.
func openTransactionLog(c Command) (f *os.File, offset int64, err error) {
	flags := os.O_RDWR | os.O_CREATE | os.O_APPEND | syscall.O_NOFOLLOW
	if info, err := os.Lstat(TransactionLog); err == nil && info.Size() > transactionLogLimit {
		flags |= os.O_TRUNC
	}
	f, err = os.OpenFile(TransactionLog, flags, 0o600)
	if err != nil {
		return nil, 0, err
	}
	if _, err = fmt.Fprintf(f, "--- %s %s\n", time.Now().UTC().Format(time.RFC3339), c); err != nil {
		f.Close()
		return nil, 0, err
	}
	offset, err = f.Seek(0, io.SeekEnd)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, offset, nil
}

func record(pid int, c Command) error {
	start, err := startTime(pid)
	if err != nil {
		return err
	}
	b, err := json.Marshal(Running{PID: pid, Start: start, Command: c.String(), Since: time.Now().UTC()})
	if err != nil {
		return err
	}
	// An existing file is replaced, and a link is not followed.
	if err := os.Remove(runningFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(runningFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// RunningTransaction finds a transaction that outlived the run that started it. It returns
// false if there is none, or if it has ended.
func (h *Host) RunningTransaction() (Running, bool) {
	var t Running
	b, err := h.ReadFile(runningFile, 1<<16)
	if err != nil || json.Unmarshal(b, &t) != nil || t.PID <= 1 {
		return Running{}, false
	}
	start, err := startTime(t.PID)
	if err != nil || start != t.Start {
		return Running{}, false
	}
	return t, true
}

// ForgetTransaction removes the record of a transaction that ended while nobody waited for
// it.
func (h *Host) ForgetTransaction() error {
	err := os.Remove(h.Path(runningFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// startTime is field 22 of proc(5) stat, or an error for a process that has ended and only
// waits to be reaped.
func startTime(pid int) (string, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	// The name, field 2, may contain spaces and parentheses: count from the last one.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 20 {
		return "", fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", os.ErrProcessDone
	}
	return fields[19], nil
}

// Held is the part of Transact in the child process: it waits for one byte on descriptor 3
// and then becomes the program. Without the byte (the parent died before it was ready) it
// returns and nothing has happened.
func Held(argv []string) error {
	if len(argv) == 0 {
		return errors.New("no program")
	}
	hold := os.NewFile(3, "hold")
	if n, err := hold.Read(make([]byte, 1)); n != 1 {
		return fmt.Errorf("not released: %w", err)
	}
	hold.Close()
	return syscall.Exec(argv[0], argv, os.Environ())
}
