//go:build rig

package e2e

import (
	"context"
	"io/fs"
	"net"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/roots"
)

// guest is the machine of a scenario, in a container or emulated.
type guest interface {
	Boot(context.Context) error
	Shutdown(context.Context) error
	PowerCut(context.Context) error
	Run(ctx context.Context, argv ...string) (box.Result, error)
	Outside(ctx context.Context, argv ...string) (box.Result, error)
	Listen(network, address string) (net.Listener, error)
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	ReadFile(name string) ([]byte, error)
	WriteFile(name string, content []byte, mode fs.FileMode) error
	AppendFile(name string, content []byte) error
	Symlink(target, name string) error
	Close() error
}

// linuxAgent is a release of the agent and its machine.
type linuxAgent struct {
	name      string
	version   string
	persona   roots.Persona
	machine   func(context.Context, cache.Cache) (guest, error)
	fastTrack bool     // the HostGAPlugin can deliver goal states to it (2.7.3 only compares them)
	recorded  bool     // docs/portal.md shows what it uploads
	scripts   []string // the scripts that it runs; nil: all
}

// kind describes the machines that scenarios run on.
type kind struct {
	agents   []linuxAgent
	words    map[string]word // commands that only these machines have
	parallel string          // how many scripts run at once
	giveUp   time.Duration   // how long a script waits for something before it gives up; not an assertion about how long anything may take
}
