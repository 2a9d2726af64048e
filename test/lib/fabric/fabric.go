// Package fabric is a fake of the two services of an Azure host that the Linux agent uses
// at 168.63.129.16: the WireServer on port 80 and the HostGAPlugin on port 32526. It
// implements enough of their protocol for a real, unmodified agent to install, enable,
// update, disable and uninstall extensions, and it is strict: an unexpected request is
// recorded, and tests fail because of it.
//
// Sources: WALinuxAgent, azurelinuxagent/common/protocol (wire.py, goal_state.py,
// hostplugin.py, extensions_goal_state_from_*.py).
package fabric

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"aadssh/test/lib/box"
)

// Where the services are.
const (
	WireAddress   = box.WireServer + ":80"
	PluginAddress = box.WireServer + ":32526"
)

// The states that a goal state can have for an extension.
const (
	Enabled   = "enabled"
	Disabled  = "disabled"
	Uninstall = "uninstall"
)

// Extension is one extension of a goal state.
type Extension struct {
	Name     string // "Publisher.Type"
	Version  string
	State    string // Enabled, Disabled, Uninstall
	Sequence int
	Settings *Settings // nil: none, as the CLI sends it
	Level    int       // dependency level; 0: it depends on nothing
}

// Settings are the settings of an extension.
type Settings struct {
	Public    json.RawMessage // nil: null
	Protected json.RawMessage // encrypted on the way; nil: none
}

// Request is one request that arrived.
type Request struct {
	Server string // "wire" or "plugin"
	Method string
	URL    string
	Agent  string // User-Agent
	Status int
	Wrong  string // why it should not have been sent; "": nothing is wrong
}

func (r Request) String() string {
	return fmt.Sprintf("%s %s %s -> %d (%s)", r.Server, r.Method, r.URL, r.Status, r.Agent)
}

// Fabric is one Azure host with one virtual machine.
type Fabric struct {
	fastTrack bool
	keys      *tenant

	mu          sync.Mutex
	generation  int         // counts goal states, whichever way they are delivered
	served      int         // the newest generation that the agent has fetched
	wire        delivery    // content of ExtensionsConfig
	fast        delivery    // content of vmSettings
	packages    []published // in the order of publishing
	refuse      bool        // the plugin rejects statuses
	statuses    []Status
	telemetry   []string
	requests    []Request
	changed     chan struct{} // closed at each status
	servers     []*http.Server
	incarnation int
}

// delivery is a goal state in one of its two ways to the agent.
type delivery struct {
	generation int
	created    time.Time
	extensions []Extension
}

type published struct {
	name, version string
	zip           []byte
}

// Place is where the services listen: the other end of a machine's network.
type Place interface {
	Listen(network, address string) (net.Listener, error)
}

// Start starts the two services at their addresses. With fastTrack, the plugin provides
// goal states too (vmSettings); without, it is too old for that. The services end with
// Close.
func Start(p Place, fastTrack bool) (*Fabric, error) {
	f := &Fabric{fastTrack: fastTrack, changed: make(chan struct{}), incarnation: 1}
	var err error
	if f.keys, err = newTenant(); err != nil {
		return nil, err
	}
	f.wire.created = time.Now()
	f.fast.created = f.wire.created.Add(-time.Hour) // older than the wire's: not used
	for address, h := range map[string]http.HandlerFunc{WireAddress: f.serve("wire", f.wireServer), PluginAddress: f.serve("plugin", f.plugin)} {
		l, err := p.Listen("tcp", address)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
		f.servers = append(f.servers, s)
		go s.Serve(l) //nolint:errcheck // ends with Close
	}
	return f, nil
}

// Close ends the services.
func (f *Fabric) Close() error {
	var failed error
	for _, s := range f.servers {
		failed = errors.Join(failed, s.Close())
	}
	return errors.Join(failed, os.RemoveAll(f.keys.dir))
}

// Publish offers a version of an extension for download.
func (f *Fabric) Publish(name, version string, zip []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.packages = append(slices.DeleteFunc(f.packages, func(p published) bool { return p.name == name && p.version == version }),
		published{name, version, zip})
}

// SetGoal replaces the extensions in the goal state, through the WireServer. WaitStatus
// then waits for the agent's report about it.
func (f *Fabric) SetGoal(extensions ...Extension) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.generation++
	f.incarnation++
	f.wire = delivery{f.generation, f.later(), extensions}
}

// SetFastGoal is SetGoal through the HostGAPlugin: Fast Track.
func (f *Fabric) SetFastGoal(extensions ...Extension) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.fastTrack {
		return errors.New("this fabric has no Fast Track")
	}
	f.generation++
	f.fast = delivery{f.generation, f.later(), extensions}
	return nil
}

// later is a time after all other goal states: the agent ignores older ones.
func (f *Fabric) later() time.Time {
	now := time.Now()
	for _, d := range []delivery{f.wire, f.fast} {
		if !now.After(d.created) {
			now = d.created.Add(time.Millisecond)
		}
	}
	return now
}

// RefuseStatus makes the plugin reject uploaded statuses, so that the agent has to write
// the blob itself.
func (f *Fabric) RefuseStatus(refuse bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = refuse
}

// Requests are all requests so far.
func (f *Fabric) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// Unexpected are the requests that should not have been sent, with the reason.
func (f *Fabric) Unexpected() []string {
	var all []string
	for _, r := range f.Requests() {
		if r.Wrong != "" {
			all = append(all, r.String()+": "+r.Wrong)
		}
	}
	return all
}

// Telemetry are the bodies of all telemetry and health reports.
func (f *Fabric) Telemetry() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.telemetry)
}
