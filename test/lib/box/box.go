// Package box starts throw-away machines without systemd in about thirty milliseconds: real
// files under a tmpfs that takes all writes, in their own namespaces, with no network
// except loopback, which has Azure's well-known addresses. The fakes of Azure's services
// run in the test's process and listen inside the box.
//
// A box is only the machine. Package rig adds the vendor's package host, scene the metadata
// service, the handler and the agent's way to run it, and stage the steps of tests. Package
// machine has machines with systemd, package emulated machines with their own kernel.
package box

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/namespaces"
)

// Addresses of a box's loopback interface. Nothing listens on them until a test does.
const (
	Metadata   = "169.254.169.254" // the instance metadata service, learn.microsoft.com "Azure Instance Metadata Service"
	WireServer = "168.63.129.16"   // learn.microsoft.com "What is IP address 168.63.129.16?"; also the DNS server, which never answers
	Packages   = "10.77.0.1"       // the package host, under whatever names Hosts gives it
	BlackHole  = "10.77.0.9"       // packets to it are dropped: connecting takes until the client gives up
)

// Options describe a box.
type Options struct {
	Layers []string          // folders of the file system, topmost first; at least one
	Binds  []Bind            // files and folders of this machine to show in the box
	Hosts  map[string]string // host name -> address, for /etc/hosts
	Memory *Memory           // the memory that the machine reports; nil: the host's own
	Size   string            // how much the box can write before its disk is full, in the syntax of tmpfs(5); "" is 2g
}

// Bind makes a file or folder of this machine visible in the box.
type Bind struct {
	From, To string
	Write    bool
}

// Box is one throw-away machine.
type Box struct {
	init    *namespaces.Init
	host    string   // our folder on the host, with the mount point
	root    *os.File // the box's /
	network *os.File // the box's network namespace
	upper   string   // folder with everything that was written to /
	layers  []string // folders below it, topmost first
}

//go:embed boxinit/main.go
var initSource string

// New starts a box. It needs root. The box ends with Close or with this process.
func New(ctx context.Context, c cache.Cache, o Options) (*Box, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a box needs root: it is made of namespaces and mounts")
	}
	if len(o.Layers) == 0 {
		return nil, errors.New("a box needs at least one layer")
	}
	program, err := namespaces.Compile(ctx, c, "boxinit", initSource)
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

// start runs the first process and waits until it has built the box.
func (b *Box) start(program string, o Options) error {
	work := filepath.Join(b.host, "box")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	binds := o.Binds
	var files map[string]string
	if o.Memory != nil {
		var more []Bind
		files, more = o.Memory.files(filepath.Join(work, "files"))
		binds = append(binds[:len(binds):len(binds)], more...)
	}
	size := o.Size
	if size == "" {
		size = "2g"
	}
	first, said, err := namespaces.Start(program, map[string]any{
		"Work": work, "Size": size, "Layers": o.Layers, "Files": files, "Binds": binds, "Hostname": "box",
		"BlackHole": BlackHole,
		"Addresses": []string{Metadata + "/32", WireServer + "/32", Packages + "/32"},
	}, []string{"PATH=" + Path}, syscall.CLONE_NEWUTS)
	if err != nil {
		return err
	}
	b.init = first
	b.upper, b.layers = fmt.Sprintf("/proc/%d/fd/%s", b.Pid(), said), o.Layers
	return nil
}

// settle opens the descriptors for access and writes what a machine gets from its network.
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
	// Nothing answers on port 53 there, so an unknown name fails at once; a server without
	// a route would take ten seconds each time.
	return errors.Join(
		b.WriteFile("/etc/hosts", []byte(hosts), 0o644),
		b.Remove("/etc/resolv.conf"),
		b.WriteFile("/etc/resolv.conf", []byte("nameserver "+WireServer+"\n"), 0o644),
		b.WriteFile("/etc/hostname", []byte("box\n"), 0o644),
	)
}

// Pid is the box's first process, with its PID on this machine.
func (b *Box) Pid() int { return b.init.Pid() }

// Root is the path of the box's / for this process. An absolute symbolic link below it
// leads out of the box: use the box's own methods where possible.
func (b *Box) Root() string { return fmt.Sprintf("/proc/%d/root", b.Pid()) }

// Close ends the box with everything that runs in it. It is safe to call twice.
func (b *Box) Close() error {
	for _, f := range []*os.File{b.root, b.network} {
		if f != nil {
			f.Close()
		}
	}
	b.root, b.network = nil, nil
	b.init.Close()
	return os.RemoveAll(b.host)
}
