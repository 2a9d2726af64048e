// Package box makes throw-away machines without systemd in some thirty
// milliseconds: a root of real files under a tmpfs that takes all writes, in
// namespaces of its own, with no network but its loopback, which carries
// Azure's well-known addresses. The fakes of what is in Azure run in the test's
// process and listen inside the box.
package box

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

	"aadsshlogin-handler/test/cache"
)

// Addresses that a box's loopback carries. Nothing listens there until a test
// does.
const (
	Metadata   = "169.254.169.254" // the instance metadata service, learn.microsoft.com "Azure Instance Metadata Service"
	WireServer = "168.63.129.16"   // learn.microsoft.com "What is IP address 168.63.129.16?"; also the DNS server, which never answers
	Packages   = "10.77.0.1"       // the package host, under whatever names Hosts gives it
	BlackHole  = "10.77.0.9"       // packets to it vanish: connecting takes until the client gives up
)

// Options says what a box is made of.
type Options struct {
	Layers []string          // folders of the file system, topmost first; at least one
	Binds  []Bind            // files and folders of this machine to show in the box
	Hosts  map[string]string // host name -> address, for /etc/hosts
	Memory *Memory           // what the machine says of its memory; nil: the host's own
	Size   string            // how much the box can write before its disk is full, as tmpfs(5) says it; "" is 2g
}

// Bind shows a file or folder of this machine in the box.
type Bind struct {
	From, To string
	Write    bool
}

// Box is one throw-away machine.
type Box struct {
	init    *exec.Cmd
	life    io.Closer // the box ends when this is closed
	host    string    // our folder on the host: mount point and synthetic files
	root    *os.File  // the box's /
	network *os.File  // the box's network namespace
	upper   string    // folder of everything that was written to /
}

//go:embed boxinit/main.go
var initSource []byte

// New starts a box. It needs root. Close ends it; so does the end of this process.
func New(ctx context.Context, c cache.Cache, o Options) (*Box, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a box needs root: it is made of namespaces and mounts")
	}
	if len(o.Layers) == 0 {
		return nil, errors.New("a box needs at least one layer")
	}
	program, err := initProgram(ctx, c)
	if err != nil {
		return nil, err
	}
	host, err := os.MkdirTemp("", "box.")
	if err != nil {
		return nil, err
	}
	b := &Box{host: host}
	if err := b.start(program, o); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if err := b.settle(o); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// initProgram compiles boxinit, once per version of its source.
func initProgram(ctx context.Context, c cache.Cache) (string, error) {
	dir, err := c.Make(ctx, "boxinit", cache.Key(string(initSource)), func(dir string) error {
		source := filepath.Join(dir, "main.go")
		if err := os.WriteFile(source, initSource, 0o644); err != nil {
			return err
		}
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(dir, "boxinit"), source)
		build.Dir = dir
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
	return filepath.Join(dir, "boxinit"), err
}

// start runs the first process and waits until it has built the box.
func (b *Box) start(program string, o Options) error {
	work := filepath.Join(b.host, "box")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	binds := o.Binds
	if o.Memory != nil {
		more, err := o.Memory.binds(filepath.Join(b.host, "memory"))
		if err != nil {
			return err
		}
		binds = append(binds[:len(binds):len(binds)], more...)
	}
	size := o.Size
	if size == "" {
		size = "2g"
	}
	config, err := json.Marshal(map[string]any{
		"Work": work, "Size": size, "Layers": o.Layers, "Binds": binds, "Hostname": "box",
		"BlackHole": BlackHole,
		"Addresses": []string{Metadata + "/32", WireServer + "/32", Packages + "/32"},
	})
	if err != nil {
		return err
	}
	b.init = exec.Command(program)
	b.init.Env = []string{"PATH=" + Path}
	b.init.Stderr = os.Stderr
	b.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID |
		syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS}
	life, err := b.init.StdinPipe()
	if err != nil {
		return err
	}
	out, err := b.init.StdoutPipe()
	if err != nil {
		return err
	}
	if err := b.init.Start(); err != nil {
		b.init = nil
		return fmt.Errorf("start a box: %w", err)
	}
	b.life = life
	if _, err := life.Write(append(config, '\n')); err != nil {
		return err
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the box's first process said nothing: %w", err)
	}
	var descriptor int
	if _, err := fmt.Sscanf(said, "ready %d", &descriptor); err != nil {
		return fmt.Errorf("the box could not be built: %s", strings.TrimSpace(said))
	}
	b.upper = fmt.Sprintf("/proc/%d/fd/%d", b.Pid(), descriptor)
	return nil
}

// settle opens the ways in and writes what a machine gets from its network.
func (b *Box) settle(o Options) (err error) {
	if b.root, err = os.Open(b.Root()); err != nil {
		return err
	}
	if b.network, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", b.Pid())); err != nil {
		return err
	}
	hosts := "127.0.0.1 localhost\n127.0.1.1 box\n"
	for name, address := range o.Hosts {
		hosts += address + " " + name + "\n"
	}
	// Nobody answers on port 53 there, so an unknown name fails at once;
	// a server without a route would cost ten seconds each time.
	return errors.Join(
		b.WriteFile("/etc/hosts", []byte(hosts), 0o644),
		b.Remove("/etc/resolv.conf"),
		b.WriteFile("/etc/resolv.conf", []byte("nameserver "+WireServer+"\n"), 0o644),
		b.WriteFile("/etc/hostname", []byte("box\n"), 0o644),
	)
}

// Pid is the box's first process, as this machine numbers it.
func (b *Box) Pid() int { return b.init.Process.Pid }

// Root is the box's / as this process can reach it. An absolute symbolic link
// below it leads out of the box: use the box's own methods where there are any.
func (b *Box) Root() string { return fmt.Sprintf("/proc/%d/root", b.Pid()) }

// Close ends the box with everything that runs in it. It is safe to call twice.
func (b *Box) Close() error {
	for _, f := range []*os.File{b.root, b.network} {
		if f != nil {
			f.Close()
		}
	}
	b.root, b.network = nil, nil
	if b.init != nil && b.life != nil {
		b.life.Close()
		b.life = nil
		impatient := time.AfterFunc(5*time.Second, func() { _ = b.init.Process.Kill() })
		_ = b.init.Wait() // how it ended does not matter
		impatient.Stop()
	}
	return os.RemoveAll(b.host)
}
