// Package wire is Azure's end of the only network of a throw-away machine: separate
// namespaces in which the host has Azure's well-known addresses. The fakes of Azure's
// services run in the test's process and listen there.
package wire

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/namespaces"
)

// Addresses of the wire.
const (
	Gateway = "10.0.0.1" // Azure's end
	Guest   = "10.0.0.4" // the machine's
)

// Options are what a machine needs of the namespaces.
type Options struct {
	Work   string   // empty folder for its file system
	Layers []string // of its file system, topmost first, under a tmpfs; none: it is emulated, with its own disk, and its end is the tap device azure0
}

// Azure is Azure's end of a wire. Everything in its namespaces ends with it, and it ends
// with this process.
type Azure struct {
	init    *namespaces.Init
	network *os.File // the network namespace
}

//go:embed azureside/main.go
var source string

// Start creates a wire. It needs root. Close ends it.
func Start(ctx context.Context, c cache.Cache, o Options) (*Azure, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a machine needs root: it is made of namespaces and mounts")
	}
	program, err := namespaces.Compile(ctx, c, "azureside", source)
	if err != nil {
		return nil, err
	}
	a := new(Azure)
	if err := a.start(program, o); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *Azure) start(program string, o Options) error {
	config := map[string]any{
		"Gateway": Gateway + "/24", "Addresses": []string{box.WireServer, box.Metadata, box.Packages},
	}
	if len(o.Layers) > 0 {
		config["Work"], config["Size"], config["Layers"], config["Guest"] = o.Work, "2g", o.Layers, Guest+"/24"
	}
	var err error
	if a.init, _, err = namespaces.Start(program, config, nil, 0); err != nil {
		return err
	}
	a.network, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", a.init.Pid()))
	return err
}

// Close ends everything in the namespaces. It is safe to call twice.
func (a *Azure) Close() error {
	if a.network != nil {
		a.network.Close()
		a.network = nil
	}
	a.init.Close()
	return nil
}
