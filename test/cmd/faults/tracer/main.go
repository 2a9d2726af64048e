// Command tracer is in the place of the handler on a machine of the fault matrix. It runs the
// real one, which is next to it, under ptrace(2), and records each point at which that changes
// the machine or starts a command. If it has an order, it kills the handler right before or
// after a point, or makes a system call fail. The commands that the handler started continue.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The folder of the fault matrix for orders and traces, which is not compared afterwards.
const (
	orderFile = "/dev/faults/order"
	traceFile = "/dev/faults/trace"
	program   = "handler" // the real one, next to us
)

// order says when to kill the handler, or what to make fail: what package main of faults
// calls a point.
type order struct {
	Operation string // of the agent
	Point     string // its label
	Nth       int    // which of the points of this label, from 1
	After     bool   // after it; otherwise before it
	// Errors: the points are the system calls that can fail, not those that change the
	// machine.
	Errors bool
	Fault  string // the error, as errno knows it; "": the handler is killed
	On     bool   // all later calls that the same fault would affect fail too
}

func main() {
	runtime.LockOSThread() // ptrace belongs to a thread
	if os.Args[0] == filtered || os.Args[0] == filteredForErrors {
		fmt.Fprintln(os.Stderr, "tracer:", become(os.Args[1:], os.Args[0] == filtered))
		os.Exit(125)
	}
	code, err := trace()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tracer:", err)
		note("broken", err.Error())
		os.Exit(125)
	}
	os.Exit(code)
}

func trace() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	t := &tracer{operation: strings.Join(os.Args[1:2], ""), kept: map[int]bool{}, seen: map[string]int{}, children: map[int]bool{}, inside: map[int]*call{}, failing: map[int]failure{}}
	handler, err := launched(filepath.Join(filepath.Dir(self), program), t.operation)
	if err != nil {
		return 0, err
	}
	b, err := os.ReadFile(orderFile)
	if errors.Is(err, fs.ErrNotExist) {
		// No trace is wanted: a traced run takes about twice as long.
		return 0, syscall.Exec(handler, append([]string{handler}, os.Args[1:]...), os.Environ())
	}
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(b, &t.order); err != nil {
		return 0, err
	}
	if t.own, err = text(handler); err != nil {
		return 0, err
	}
	name := filtered
	if t.order.Errors {
		name = filteredForErrors
	}
	cmd := &exec.Cmd{Path: self, Args: append([]string{name, handler}, os.Args[1:]...)}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	t.pid = cmd.Process.Pid
	var ws unix.WaitStatus
	if _, err := unix.Wait4(t.pid, &ws, unix.WALL, nil); err != nil {
		return 0, err
	}
	// Without EXITKILL: the traced processes must not end with the tracer.
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
		unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACESECCOMP
	if err := unix.PtraceSetOptions(t.pid, options); err != nil {
		return 0, err
	}
	if err := unix.PtraceCont(t.pid, 0); err != nil {
		return 0, err
	}
	return t.loop()
}

// launched is the file that misc/launcher would run: a copy if the agent may unpack the
// package again while it runs.
func launched(program, operation string) (string, error) {
	if operation != "install" && operation != "update" {
		return program, nil
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	running := program + "-running"
	if err := os.Remove(running); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return running, os.WriteFile(running, content, 0o755)
}

// tracer is one traced run.
type tracer struct {
	operation string
	order     order
	pid       int            // the handler
	own       region         // the address of its instructions
	begun     bool           // it has become the handler
	seen      map[string]int // how often each label occurred
	children  map[int]bool   // processes that will become commands: true once they run
	kept      map[int]bool   // those that have become the handler again
	inside    map[int]*call  // threads in a system call after which the handler is to be killed
	killed    bool
	failing   map[int]failure // threads in a system call that will fail
	exec      failure         // of the next child that becomes a command
	code      int
	ended     bool
}

// loop follows the traced processes until the handler has ended, and each of its children has
// ended or become a command. A child is traced even if the handler was killed right after
// creating it: if the tracer ended first, it would stay stopped forever.
func (t *tracer) loop() (int, error) {
	for {
		var ws unix.WaitStatus
		tid, err := unix.Wait4(-1, &ws, unix.WALL, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.ECHILD) {
			if !t.ended {
				return 0, errors.New("the handler was lost")
			}
			return t.code, nil
		}
		if err != nil {
			return 0, err
		}
		switch {
		case ws.Exited(), ws.Signaled():
			delete(t.children, tid)
			delete(t.kept, tid)
			if tid == t.pid {
				t.ended, t.code = true, ws.ExitStatus()
				if ws.Signaled() {
					t.code = 128 + int(ws.Signal())
				}
			}
		case ws.Stopped():
			if err := t.stopped(tid, ws); err != nil {
				return 0, err
			}
		}
	}
}

func (t *tracer) stopped(tid int, ws unix.WaitStatus) error {
	if !t.thread(tid) {
		return t.child(tid, ws)
	}
	signal, cause := ws.StopSignal(), ws.TrapCause()
	switch {
	case signal == unix.SIGTRAP && cause == unix.PTRACE_EVENT_EXEC:
		t.begun, signal = true, 0
	case signal == unix.SIGTRAP && cause == unix.PTRACE_EVENT_SECCOMP && t.begun:
		if err := t.entered(tid); err != nil {
			return err
		}
		signal = 0
	case signal == unix.SIGTRAP|0x80:
		if err := t.left(tid); err != nil {
			return err
		}
		signal = 0
	case signal == unix.SIGTRAP && cause > 0:
		signal = 0
	case signal == unix.SIGSTOP: // the first stop of a new thread
		signal = 0
	}
	_, fails := t.failing[tid]
	return resume(tid, int(signal), fails || t.inside[tid] != nil)
}

// thread reports whether tid is a thread of the handler.
func (t *tracer) thread(tid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", t.pid, tid))
	return err == nil
}

// child follows a new process until it becomes a command, which is not traced any more. One
// that becomes the handler again stays traced.
func (t *tracer) child(tid int, ws unix.WaitStatus) error {
	signal := ws.StopSignal()
	f, doomed := t.failing[tid]
	switch {
	case doomed && signal == unix.SIGTRAP|0x80:
		return t.failExec(tid, f)
	case signal == unix.SIGTRAP && ws.TrapCause() == unix.PTRACE_EVENT_EXEC:
		delete(t.children, tid)
		if words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", tid)); err == nil && !t.kept[tid] {
			note("command", strings.TrimRight(strings.ReplaceAll(string(words), "\x00", " "), " "))
		}
		if t.isHandler(tid) {
			t.kept[tid] = true
			return resume(tid, 0, false)
		}
		delete(t.kept, tid)
		return alive(unix.PtraceDetach(tid))
	case signal == unix.SIGTRAP && ws.TrapCause() > 0:
		return resume(tid, 0, doomed)
	case signal == unix.SIGSTOP && !t.children[tid] && !t.kept[tid]: // its first stop
		t.children[tid] = true
		if t.exec.name != "" && !t.keptThread(tid) {
			t.failing[tid], doomed = t.exec, true
			if !t.order.On {
				t.exec = failure{}
			}
		}
		return resume(tid, 0, doomed)
	}
	return resume(tid, int(signal), doomed)
}

// keptThread reports whether tid is a thread of a child that is the handler again.
func (t *tracer) keptThread(tid int) bool {
	for pid := range t.kept {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", pid, tid)); err == nil {
			return true
		}
	}
	return false
}

// entered examines a system call that a thread is about to make. It adds the thread to inside
// or to failing if the end of the call is of interest too.
func (t *tracer) entered(tid int) error {
	i, err := syscallInfo(tid)
	if err != nil {
		return alive(err)
	}
	if t.order.Errors {
		return t.fail(tid, i)
	}
	c, known := t.look(tid, i.Number, i.Args)
	if !known {
		return fmt.Errorf("the handler uses system call %d, which the tracer does not know", i.Number)
	}
	if c == nil {
		return nil
	}
	t.seen[c.label]++
	c.nth = t.seen[c.label]
	note("point", fmt.Sprintf("%s\t%d", c.label, c.nth))
	switch o := t.order; {
	case t.killed || o.Operation != t.operation || o.Point != c.label || o.Nth != c.nth:
	case o.After:
		t.inside[tid] = c
	default:
		t.kill(c)
	}
	return nil
}

// left handles the end of a system call.
func (t *tracer) left(tid int) error {
	if c := t.inside[tid]; c != nil {
		delete(t.inside, tid)
		t.kill(c)
	}
	if f, is := t.failing[tid]; is {
		delete(t.failing, tid)
		return alive(finish(tid, f))
	}
	return nil
}

// kill kills the handler. A process that gets SIGKILL while it is stopped before a system
// call does not make that call.
func (t *tracer) kill(c *call) {
	t.killed = true
	note("killed", c.label)
	_ = unix.Kill(t.pid, unix.SIGKILL)
}

// alive ignores that a process no longer exists: one that was killed may end at any time.
func alive(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// note adds a line to the trace.
func note(kind, text string) {
	f, err := os.OpenFile(traceFile, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	operation := strings.Join(slices.Clone(os.Args[1:min(2, len(os.Args))]), "")
	fmt.Fprintf(f, "%s\t%s\t%s\n", operation, kind, strings.ReplaceAll(text, "\n", " "))
}
