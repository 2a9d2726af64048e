// Package wire is Azure's side of a throw-away machine's only wire: namespaces
// of their own, in which the host carries Azure's well-known addresses. The
// fakes of what is in Azure run in the test's process and listen there.
package wire

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

// Options is what a machine needs of the namespaces.
type Options struct {
	Work   string   // empty folder for its file system
	Layers []string // of its file system, topmost first, under a tmpfs; none: it is emulated, with a disk of its own, and its end of the wire is the tap device azure0
}

// Azure is the far end of a wire. Everything in its namespaces ends with it,
// and it with this process.
type Azure struct {
	process *exec.Cmd // the namespaces' first process
	life    io.Closer // everything ends when this is closed
	network *os.File  // the network namespace
}

//go:embed azureside/main.go
var source []byte

// Start lays a wire. It needs root. Close ends it.
func Start(ctx context.Context, c cache.Cache, o Options) (*Azure, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a machine needs root: it is made of namespaces and mounts")
	}
	program, err := compile(ctx, c)
	if err != nil {
		return nil, err
	}
	a := new(Azure)
	if err := a.start(program, o); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
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

func (a *Azure) start(program string, o Options) error {
	config := map[string]any{
		"Gateway": Gateway + "/24", "Addresses": []string{box.WireServer, box.Metadata, box.Packages},
	}
	if len(o.Layers) > 0 {
		config["Work"], config["Size"], config["Layers"], config["Guest"] = o.Work, "2g", o.Layers, Guest+"/24"
	}
	line, err := json.Marshal(config)
	if err != nil {
		return err
	}
	a.process = exec.Command(program)
	a.process.Stderr = os.Stderr
	a.process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC}
	life, err := a.process.StdinPipe()
	if err != nil {
		return err
	}
	out, err := a.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := a.process.Start(); err != nil {
		a.process = nil
		return fmt.Errorf("start a machine: %w", err)
	}
	a.life = life
	if _, err := life.Write(append(line, '\n')); err != nil {
		return err
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || said != "ready\n" {
		return fmt.Errorf("the machine could not be built: %s %w", strings.TrimSpace(said), err)
	}
	a.network, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", a.process.Process.Pid))
	return err
}

// Close ends everything in the namespaces. It is safe to call twice.
func (a *Azure) Close() error {
	if a.network != nil {
		a.network.Close()
		a.network = nil
	}
	if a.process != nil && a.life != nil {
		a.life.Close()
		a.life = nil
		impatient := time.AfterFunc(10*time.Second, func() { _ = a.process.Process.Kill() })
		_ = a.process.Wait() // how it ended does not matter
		impatient.Stop()
	}
	return nil
}
