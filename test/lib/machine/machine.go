// Package machine boots throw-away machines with systemd, D-Bus, sshd and the Azure Linux
// agent under systemd-nspawn, in their own namespaces, on a network whose other end is
// Azure's. They share the host's kernel; package emulated has machines with their own.
// scene.Booted is one with the services around the handler.
package machine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/inotify"
	"aadssh/test/lib/wire"
)

// Machine is one throw-away virtual machine. Its disk survives its boots.
type Machine struct {
	*wire.Azure
	dir     string // our folder on the host
	disk    *os.Root
	groups  []string // control groups that we created
	nspawn  *exec.Cmd
	ended   chan struct{}        // closed when nspawn has ended
	init    int                  // the machine's first process, with its PID on the host
	console string               // path of the boots' console output
	inotify *inotify.Reservation // needed by the boots
}

// New creates a machine that is turned off. It needs root, and waits if as many machines
// run as the kernel allows. The machine ends with Close or with this process.
func New(ctx context.Context, c cache.Cache, layers []string) (*Machine, error) {
	dir, err := os.MkdirTemp("", "machine.")
	if err != nil {
		return nil, err
	}
	m := &Machine{dir: dir, console: filepath.Join(dir, "console")}
	if m.inotify, err = inotify.Reserve(ctx, c.Dir, inotify.Booted); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := m.start(ctx, c, layers); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if err := m.settle(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Machine) start(ctx context.Context, c cache.Cache, layers []string) error {
	work := filepath.Join(m.dir, "disk")
	err := os.Mkdir(work, 0o755)
	if err != nil {
		return err
	}
	if m.Azure, err = wire.Start(ctx, c, wire.Options{Work: work, Layers: layers}); err != nil {
		return err
	}
	m.disk, err = os.OpenRoot(m.Path(work + "/root"))
	return err
}

// settle writes what a machine in Azure gets from its network and its image.
func (m *Machine) settle() error {
	// Nothing answers on port 53 there, so an unknown name fails at once.
	if err := m.disk.Remove("etc/resolv.conf"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return errors.Join(
		m.WriteFile("/etc/resolv.conf", []byte("nameserver "+box.WireServer+"\n"), 0o644),
		m.WriteFile("/etc/hosts", []byte("127.0.0.1 localhost\n127.0.1.1 vm\n"), 0o644),
		m.WriteFile("/etc/hostname", []byte("vm\n"), 0o644),
	)
}

// Close ends the machine with everything that runs in it. It is safe to call twice.
func (m *Machine) Close() error {
	defer m.inotify.End()
	if m.disk != nil {
		m.disk.Close()
		m.disk = nil
	}
	if m.Azure != nil {
		if err := m.Azure.Close(); err != nil {
			return err
		}
		if m.ended != nil {
			<-m.ended
		}
	}
	return errors.Join(m.leaveGroups(), os.RemoveAll(m.dir))
}
