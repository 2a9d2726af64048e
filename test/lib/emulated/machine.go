// Package emulated runs throw-away virtual machines with qemu, in pure emulation. They have
// their own kernel, and therefore what a machine in a container (package machine) cannot
// have: control-group controllers, SELinux, a wrong clock. A boot takes half a minute.
package emulated

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/wire"
)

// Options describe a machine.
type Options struct {
	Root       roots.Bootable
	Parameters []string      // additional parameters of the kernel's command line
	Clock      time.Duration // how far its clock is ahead each time that it is turned on
}

// Machine is one emulated machine. Its disk survives its boots.
type Machine struct {
	*wire.Azure
	options Options
	image   string // folder with its kernel and disk image
	dir     string // our folder on the host
	qemu    *exec.Cmd
	ended   chan struct{} // closed when qemu has ended
	master  *exec.Cmd     // the connection that commands are sent over
	free    bool          // the agent may run
}

// New creates a machine and turns it on, with an agent that does not run until Boot, so
// that files can be written before; this is not possible on the disk of a machine that is
// off. It needs root. The machine ends with Close or with this process.
func New(ctx context.Context, c cache.Cache, o Options) (*Machine, error) {
	if runtime.GOARCH != "amd64" {
		return nil, errors.New("only machines with amd64 processors are emulated, and on such a machine")
	}
	image, err := image(ctx, c, o.Root)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "emulated.")
	if err != nil {
		return nil, err
	}
	m := &Machine{options: o, image: image, dir: dir}
	if err := m.start(ctx, c); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Machine) start(ctx context.Context, c cache.Cache) (err error) {
	copied := exec.CommandContext(ctx, "cp", "--sparse=always", filepath.Join(m.image, "disk"), m.disk())
	if out, err := copied.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	if m.Azure, err = wire.Start(ctx, c, wire.Options{}); err != nil {
		return err
	}
	return m.on(ctx)
}

func (m *Machine) disk() string { return filepath.Join(m.dir, "disk") }

// Close ends the machine. It is safe to call twice.
func (m *Machine) Close() error {
	if m.Azure != nil {
		if err := m.Azure.Close(); err != nil {
			return err
		}
		if m.qemu != nil {
			<-m.ended
			m.hangUp()
		}
	}
	return os.RemoveAll(m.dir)
}
