package doctor

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/check"
	"aadssh/internal/decide"
	"aadssh/internal/facts"
	"aadssh/internal/host"
	"aadssh/internal/identity"
	"aadssh/internal/proxy"
	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/login"
	"aadssh/internal/trail"
	"aadssh/internal/watch"
	"aadssh/pkgmgr"
)

// machine is everything that was read of the machine. The checks are functions of it alone.
type machine struct {
	facts.Facts
	version string
	root    bool
	denied  func(paths ...string) bool // something there could not be read
	now     time.Time
	asked   bool // the metadata service was asked

	decision decide.Decision // the one that enable would make

	agentDir    string
	agentProc   int // the agent's process; 0: none was found
	agentUnits  []string
	agentMasked bool // the first of them
	agentEnv    environment
	registered  []agent.Registered
	setupOwns   bool
	offer       *agent.Offer // settings to plan with, in place of the machine's
	extension   *extension   // nil: the agent has no folder of ours, or we may not read it

	configured proxy.Found // of the package manager
	probes     []probe
	hint       proxy.Found // a proxy that is configured on the machine but not in our settings
	volumes    []volume
	holder     *host.Holder // of the package manager's lock
	firewall   filters
	service    service
	watched    []check.Result // the state of the watch's units in systemd
	nologin    string         // the file that prevents all sign-ins
	history    history
	one        *gate.Somebody // the person whose sign-in is examined
	about      trail.About    // what the log says about that person
	opkssh     string         // opkssh's rules, if a person is examined
}

// gather reads the machine. The metadata service comes first, because the cloud that it names
// decides which endpoints are asked; everything else runs in parallel.
func gather(ctx context.Context, o Options) *machine {
	h := o.Host
	m := &machine{version: o.Version, root: o.Root, denied: h.Denied, now: o.Now(), one: o.Who}
	var from netip.Addr
	if m.one != nil {
		from = m.one.From
		m.one.Account = login.GatherAccount(ctx, h, m.one.Name)
		rules, _ := h.ReadFile(policyFile, 1<<20) // hardly any machine has it
		m.opkssh = string(rules)
	}
	w := &waiting{tell: o.Progress}
	m.readAgent(ctx, h)
	other := h.OtherRun()
	m.registered, m.setupOwns = agent.Everywhere(h), setupOwns(h)

	var side sync.WaitGroup
	side.Go(func() { m.history, m.about = readHistory(ctx, h, m.now, m.one) })
	side.Go(func() { m.firewall = readFirewall(ctx, h, from) })
	side.Go(func() { m.service = queryService(ctx, h) })
	side.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, Bound)
		defer cancel()
		m.watched = watch.Health(ctx, h)
	})
	m.volumes = statVolumes(h, m.extension)
	m.nologin = firstExisting(h, "/etc/nologin", "/run/nologin")

	q := m.question()
	// Without the metadata service, the cloud and therefore its endpoints are not known.
	if m.asked = o.wants("identity") || o.wantsNetwork(); m.asked {
		end := w.begin("the metadata service")
		m.Facts = *facts.Gather(ctx, h, q)
		end()
	} else {
		m.Facts = *facts.GatherAgain(ctx, h, q, &facts.Facts{Identity: identity.Answer{Cloud: identity.Clouds()[0]}})
	}
	m.OtherRun = other
	set := m.extension != nil && !m.foreign() && !m.extension.standalone()
	m.decision = decide.For(&m.Facts, decide.Goal{Records: set && !m.self("enable", o.Version).SameProgram(m.Owner)})
	if m.TargetErr == nil {
		if manager, err := pkgmgr.For(m.Target.Manager); err == nil {
			if holder, held := h.LockHolder(manager.Locks); held {
				m.holder = &holder
			}
		}
	}
	if o.wantsNetwork() {
		if m.Proxy.Address() == nil && m.TargetErr == nil {
			m.configured = proxy.OfManager(ctx, h, m.Target.Manager, m.PackageBase())
		}
		m.probes, m.hint = probeNetwork(ctx, h, m, o, w)
	}
	side.Wait()
	return m
}

// readAgent reads the agent and its folders of the extension.
func (m *machine) readAgent(ctx context.Context, h *host.Host) {
	m.agentProc, m.agentUnits, m.agentMasked = findAgent(h)
	m.agentEnv = agentEnvironment(h, m.agentProc, m.agentUnits)
	m.agentDir, m.extension = findExtension(ctx, h, m.agentEnv.get)
}

// wantsNetwork reports whether any endpoint has to be asked.
func (o Options) wantsNetwork() bool {
	return o.wantsEndpoint("network-repository") || o.wantsEndpoint("network-role-check") || o.wantsEndpoint("network-login")
}

// wantsEndpoint reports whether the endpoint of a row has to be asked: for itself, or
// because only the clock was asked for, which needs one endpoint.
func (o Options) wantsEndpoint(name string) bool {
	return o.wants(name) || name == "network-role-check" && len(o.Only) > 0 && o.wants("clock")
}

func firstExisting(h *host.Host, paths ...string) string {
	for _, p := range paths {
		if h.Exists(p) {
			return p
		}
	}
	return ""
}

// waiting tells a person what is being waited for.
type waiting struct {
	mu   sync.Mutex
	tell func([]string)
	on   []string
}

// begin records that something is being waited for; call the returned function when it has
// ended.
func (w *waiting) begin(what string) (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = append(w.on, what)
	w.show()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if i := slices.Index(w.on, what); i >= 0 {
			w.on = append(w.on[:i:i], w.on[i+1:]...)
		}
		w.show()
	}
}

func (w *waiting) show() {
	if w.tell != nil {
		w.tell(w.on)
	}
}
