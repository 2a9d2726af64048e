package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"aadsshlogin-handler/test/box"
)

// Run runs a command in the machine, as root and outside of any service.
func (m *Machine) Run(ctx context.Context, argv ...string) (box.Result, error) {
	if m.init == 0 {
		return box.Result{}, errors.New("the machine is off")
	}
	return run(ctx, append([]string{"nsenter", "--target", fmt.Sprint(m.init), "--all", "--"}, argv...))
}

// Outside runs a command of the host on Azure's side of the wire.
func (m *Machine) Outside(ctx context.Context, argv ...string) (box.Result, error) {
	return run(ctx, append([]string{"nsenter", "--target", fmt.Sprint(m.azure.Process.Pid), "--net", "--"}, argv...))
}

func run(ctx context.Context, argv []string) (box.Result, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = box.Environment(), &out, &errs
	cmd.WaitDelay = time.Second // what it leaves in the background may keep our pipes
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() || errors.Is(err, exec.ErrWaitDelay) {
		err = nil // how it ended is in the result
	}
	return box.Result{Stdout: out.Bytes(), Stderr: errs.Bytes(), ExitCode: cmd.ProcessState.ExitCode()}, err
}

// below is a path as os.Root takes it.
func below(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// ReadFile reads a file of the machine's disk, whether it is on or off.
func (m *Machine) ReadFile(name string) ([]byte, error) { return m.disk.ReadFile(below(name)) }

// WriteFile writes a file of the disk, and the folders above it where they are missing.
func (m *Machine) WriteFile(name string, content []byte, mode fs.FileMode) error {
	if err := m.disk.MkdirAll(path.Dir(below(name)), 0o755); err != nil {
		return err
	}
	return errors.Join(m.disk.WriteFile(below(name), content, mode), m.disk.Chmod(below(name), mode))
}

// AppendFile adds to the end of a file of the disk.
func (m *Machine) AppendFile(name string, content []byte) error {
	f, err := m.disk.OpenFile(below(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// Symlink makes a symbolic link on the disk.
func (m *Machine) Symlink(target, name string) error { return m.disk.Symlink(target, below(name)) }

// Stat is os.Stat on the disk.
func (m *Machine) Stat(name string) (fs.FileInfo, error) { return m.disk.Stat(below(name)) }

// Exists reports whether something is at a path of the disk.
func (m *Machine) Exists(name string) bool {
	_, err := m.disk.Lstat(below(name))
	return err == nil
}

// ReadDir lists a folder of the disk.
func (m *Machine) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := m.disk.Open(below(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// Listen is net.Listen on Azure's side of the wire. Give an address, not a name.
func (m *Machine) Listen(network, address string) (l net.Listener, err error) {
	failed := m.outside(func() { l, err = net.Listen(network, address) })
	return l, errors.Join(failed, err)
}

// Dial is net.Dial on Azure's side of the wire. Give an address, not a name.
func (m *Machine) Dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	failed := m.outside(func() { c, err = new(net.Dialer).DialContext(ctx, network, address) })
	return c, errors.Join(failed, err)
}

// outside runs f on a thread that is in the network namespace of Azure's side.
// A socket belongs to the namespace that it was made in, whoever uses it later.
func (m *Machine) outside(f func()) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with us
		err := unix.Setns(int(m.network.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	return <-done
}
