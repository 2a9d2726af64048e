// Package machine boots throw-away virtual machines: a real root with systemd,
// D-Bus, sshd and the Azure Linux agent under systemd-nspawn, in namespaces of
// its own, on a wire whose other end carries Azure's well-known addresses. The
// fakes of what is in Azure run in the test's process and listen there.
package machine

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"aadsshlogin-handler/test/box"
	"aadsshlogin-handler/test/cache"
)

// Addresses of the wire.
const (
	Gateway = "10.0.0.1" // Azure's side
	Guest   = "10.0.0.4" // the machine's
)

// Machine is one throw-away virtual machine. Its disk outlives its boots.
type Machine struct {
	azure   *exec.Cmd // the namespaces' first process
	life    io.Closer // everything ends when this is closed
	dir     string    // our folder on the host
	disk    *os.Root
	network *os.File // the network namespace of Azure's side
	groups  []string // control groups that we made
	nspawn  *exec.Cmd
	ended   chan struct{} // closed when nspawn has ended
	init    int           // the machine's first process, as the host numbers it
	console string        // path of what the boots print
}

//go:embed azureside/main.go
var source []byte

// New makes a machine that is switched off. It needs root. Close ends it; so
// does the end of this process.
func New(ctx context.Context, c cache.Cache, layers []string) (*Machine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a machine needs root: it is made of namespaces and mounts")
	}
	program, err := compile(ctx, c)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "machine.")
	if err != nil {
		return nil, err
	}
	m := &Machine{dir: dir, console: filepath.Join(dir, "console")}
	if err := m.start(program, layers); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if err := m.settle(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func compile(ctx context.Context, c cache.Cache) (string, error) {
	dir, err := c.Make(ctx, "azureside", cache.Key(string(source)), func(dir string) error {
		main := filepath.Join(dir, "main.go")
		if err := os.WriteFile(main, source, 0o644); err != nil {
			return err
		}
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(dir, "azureside"), main)
		build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
	return filepath.Join(dir, "azureside"), err
}

func (m *Machine) start(program string, layers []string) error {
	work := filepath.Join(m.dir, "disk")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"Work": work, "Size": "2g", "Layers": layers, "Gateway": Gateway + "/24", "Guest": Guest + "/24",
		"Addresses": []string{box.WireServer, box.Metadata, box.Packages},
	})
	if err != nil {
		return err
	}
	m.azure = exec.Command(program)
	m.azure.Stderr = os.Stderr
	m.azure.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC}
	life, err := m.azure.StdinPipe()
	if err != nil {
		return err
	}
	out, err := m.azure.StdoutPipe()
	if err != nil {
		return err
	}
	if err := m.azure.Start(); err != nil {
		m.azure = nil
		return fmt.Errorf("start a machine: %w", err)
	}
	m.life = life
	if _, err := life.Write(append(config, '\n')); err != nil {
		return err
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || said != "ready\n" {
		return fmt.Errorf("the machine could not be built: %s %w", strings.TrimSpace(said), err)
	}
	pid := m.azure.Process.Pid
	if m.network, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", pid)); err != nil {
		return err
	}
	m.disk, err = os.OpenRoot(fmt.Sprintf("/proc/%d/root%s/root", pid, work))
	return err
}

// settle writes what a machine in Azure gets from its network and its image.
func (m *Machine) settle() error {
	// Nobody answers on port 53 there, so an unknown name fails at once.
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
	if m.disk != nil {
		m.disk.Close()
		m.network.Close()
		m.disk = nil
	}
	if m.azure != nil && m.life != nil {
		m.life.Close()
		m.life = nil
		impatient := time.AfterFunc(10*time.Second, func() { _ = m.azure.Process.Kill() })
		_ = m.azure.Wait() // how it ended does not matter
		impatient.Stop()
		if m.ended != nil {
			<-m.ended
		}
	}
	return errors.Join(m.leaveGroups(), os.RemoveAll(m.dir))
}
