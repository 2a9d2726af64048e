package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"aadssh/test/lib/box"
)

// Path is the path outside the namespaces for one inside.
func (a *Azure) Path(name string) string {
	return fmt.Sprintf("/proc/%d/root%s", a.init.Pid(), name)
}

// Enter is a command line that runs another one in all of the namespaces. What it starts
// ends with the wire.
func (a *Azure) Enter(argv ...string) []string {
	return append([]string{"nsenter", "--target", fmt.Sprint(a.init.Pid()), "--mount", "--net", "--ipc", "--pid", "--"}, argv...)
}

// Outside runs a command of the host on Azure's end of the network.
func (a *Azure) Outside(ctx context.Context, argv ...string) (box.Result, error) {
	return a.OutsideWith(ctx, nil, argv...)
}

// OutsideWith is Outside with standard input.
func (a *Azure) OutsideWith(ctx context.Context, in io.Reader, argv ...string) (box.Result, error) {
	return Run(ctx, in, a.AzureSide(argv...))
}

// AzureSide is a command line that runs another one on Azure's end of the network, and in
// no other namespace.
func (a *Azure) AzureSide(argv ...string) []string {
	return append([]string{"nsenter", "--target", fmt.Sprint(a.init.Pid()), "--net", "--"}, argv...)
}

// Run runs a command of the host and returns its result.
func Run(ctx context.Context, in io.Reader, argv []string) (box.Result, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = box.Environment(), in, &out, &errs
	cmd.WaitDelay = time.Second // background processes may keep our pipes open
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() || errors.Is(err, exec.ErrWaitDelay) {
		err = nil // the result says how it ended
	}
	return box.Result{Stdout: out.Bytes(), Stderr: errs.Bytes(), ExitCode: cmd.ProcessState.ExitCode()}, err
}

// Listen is net.Listen on Azure's end of the network. The address must not be a name.
func (a *Azure) Listen(network, address string) (l net.Listener, err error) {
	failed := a.outside(func() { l, err = net.Listen(network, address) })
	return l, errors.Join(failed, err)
}

// Dial is net.Dial on Azure's end of the network. The address must not be a name.
func (a *Azure) Dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	failed := a.outside(func() { c, err = new(net.Dialer).DialContext(ctx, network, address) })
	return c, errors.Join(failed, err)
}

// outside runs f on a thread in the network namespace of Azure's end. A socket belongs to
// the namespace in which it was created, wherever it is used later.
func (a *Azure) outside(f func()) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // it stays locked, so the thread ends with this goroutine
		err := unix.Setns(int(a.network.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	return <-done
}
