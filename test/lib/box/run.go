package box

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Path is the search path of a machine's services: systemd.exec(5).
const Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Result is the result of a command.
type Result struct {
	Stdout, Stderr []byte
	ExitCode       int // 128 + the signal if one ended it
}

// Output is both streams as text.
func (r Result) Output() string { return string(r.Stdout) + string(r.Stderr) }

// Environment is the environment of a command for which a test sets none.
func Environment() []string { return []string{"PATH=" + Path, "LANG=C.UTF-8"} }

// Argv is the command line that runs argv in the box from outside, for programs such as
// strace.
func (b *Box) Argv(argv ...string) []string {
	return append([]string{"nsenter", "--target", fmt.Sprint(b.Pid()), "--mount", "--uts", "--ipc", "--net", "--pid",
		"--"}, argv...)
}

// Run runs a command in the box and waits for it, but not for its background processes. A
// nil env is Environment. The error means that it could not be started or that ctx ended
// first, in which case its process group was killed.
func (b *Box) Run(ctx context.Context, env []string, argv ...string) (Result, error) {
	return run(ctx, command(env, b.Argv(argv...)), func(pid int) error {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		return gone(pid)
	})
}

// Session is Run for a command in its own session, in a folder of the box. If ctx ends
// first, only its process group is killed, as a supervisor does: processes with their own
// session continue. The result then contains what it had printed.
func (b *Box) Session(ctx context.Context, env []string, dir string, argv ...string) (Result, error) {
	inside := append([]string{"env", "--chdir=" + dir, "setsid"}, argv...)
	return run(ctx, command(env, b.Argv(inside...)), func(pid int) error {
		child, err := onlyChild(pid)
		if err != nil {
			return err
		}
		_ = syscall.Kill(-child, syscall.SIGKILL)
		return nil
	})
}

// onlyChild is the process that nsenter started in the box, with its PID on this machine.
// It leads the command's session.
func onlyChild(pid int) (int, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(content)))
}

// run waits for a command. If ctx ends first, kill ends the command.
func run(ctx context.Context, cmd *exec.Cmd, kill func(pid int) error) (Result, error) {
	// Files instead of pipes: a background process that keeps them open must not make us
	// wait.
	out, err := unlinked()
	if err != nil {
		return Result{}, err
	}
	defer out.Close()
	errs, err := unlinked()
	if err != nil {
		return Result{}, err
	}
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	if err := cmd.Start(); err != nil {
		return Result{}, err
	}
	killed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { killed <- kill(cmd.Process.Pid) })
	err = cmd.Wait()
	r := Result{ExitCode: exitCode(cmd.ProcessState)}
	if !stop() {
		err = errors.Join(fmt.Errorf("%q: %w", cmd.Args, ctx.Err()), <-killed)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		err = nil // the result says how it ended
	}
	var failed [2]error
	r.Stdout, failed[0] = whole(out)
	r.Stderr, failed[1] = whole(errs)
	return r, errors.Join(err, failed[0], failed[1])
}

// gone waits until a killed process group has ended: nsenter, for which we wait, ends
// before its child in the box.
func gone(group int) error {
	for range 6000 {
		if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("process group %d survives SIGKILL", group)
}

// Process is a command that runs in the background of a box.
type Process struct {
	cmd  *exec.Cmd
	out  *bytes.Buffer
	done chan struct{}
}

// Start starts a command in the box and does not wait for it. It ends with the box.
func (b *Box) Start(env []string, argv ...string) (*Process, error) {
	p := &Process{cmd: command(env, b.Argv(argv...)), out: new(bytes.Buffer), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait()
	}()
	return p, nil
}

// Sleeps reports whether the command itself is waiting for something.
func (p *Process) Sleeps() bool {
	child, err := onlyChild(p.cmd.Process.Pid)
	if err != nil {
		return false
	}
	// The name before the state may contain any characters: proc_pid_stat(5).
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
	_, state, _ := strings.Cut(string(stat[max(0, bytes.LastIndexByte(stat, ')')):]), " ")
	return strings.HasPrefix(state, "S")
}

// Signal sends a signal to the command's process group.
func (p *Process) Signal(s syscall.Signal) error { return syscall.Kill(-p.cmd.Process.Pid, s) }

// Wait waits until the command and all processes that have its streams open have ended.
func (p *Process) Wait(ctx context.Context) (Result, error) {
	select {
	case <-p.done:
		return Result{Stdout: p.out.Bytes(), ExitCode: exitCode(p.cmd.ProcessState)}, nil
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// command is a command line of this machine, in its own process group.
func command(env []string, argv []string) *exec.Cmd {
	if env == nil {
		env = Environment()
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.ExitCode()
}

func unlinked() (*os.File, error) {
	f, err := os.CreateTemp("", "box-output.")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

func whole(f *os.File) ([]byte, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}
