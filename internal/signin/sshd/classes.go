package sshd

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"aadsshlogin-handler/internal/signin/gate"
)

// maxQuestions is how often sshd is asked at most.
const maxQuestions = 16

// Bounds of what connections are thought of. A configuration with more Match
// blocks than these repeats itself, and is asked for one of each kind.
const (
	maxAlike       = 4   // addresses or names of blocks that say the same
	maxValues      = 48  // of one criterion
	maxConnections = 512 // before those that meet the same are put together
)

// listed are the keywords of which every line counts; of others the first does
// (sshd_config(5)).
func listed(keyword string) bool {
	return slices.Contains([]string{"allowusers", "denyusers", "allowgroups", "denygroups"}, keyword)
}

// decides says whether a directive can decide about a sign-in and may differ
// from one connection to the next.
func decides(keyword string) bool {
	return listed(keyword) || slices.Contains([]string{
		"authenticationmethods", "authorizedkeyscommand", "authorizedkeyscommanduser", "casignaturealgorithms", "chrootdirectory",
		"forcecommand", "maxauthtries", "maxsessions", "pamservicename", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes", "pubkeyauthentication",
		"refuseconnection", "requiredrsasize", "revokedkeys", "usepam",
	}, keyword)
}

// choices are the values that the configuration tells apart.
type choices struct {
	kinds   []gate.Person
	users   []choice // of people, or the one who is asked about
	members []choice // of groups
	one     *gate.Somebody
	froms   []choice // addresses and names that they come from
	to      []netip.AddrPort
	local   bool // it makes a difference what they connect to
}

type choice struct {
	user    string
	kind    gate.Person  // of a member of a group
	account gate.Account // known of that member alone
	addr    netip.Addr
	host    string
	label   string // empty: nothing particular
}

// Connections are those that sshd is to be asked about: one for each different
// answer that its files promise, the most common first. more is how many kinds
// are left out.
func (c *Config) Connections(to []netip.AddrPort, useDNS bool, loopback bool) (out []Connection, more int) {
	return c.connections(c.choose(to, useDNS, loopback))
}

func (c *Config) connections(want choices) (out []Connection, more int) {
	found := map[string]int{}
	for _, connection := range want.all() {
		signature := c.signature(connection)
		if i, ok := found[signature]; ok {
			out[i] = out[i].also(connection)
			continue
		}
		found[signature] = len(out)
		out = append(out, connection)
	}
	if len(out) > maxQuestions {
		more = len(out) - maxQuestions
		out = out[:maxQuestions]
	}
	return out, more
}

// also is a connection that stands for another one too.
func (c Connection) also(other Connection) Connection {
	switch {
	case len(c.Labels) == 0: // it is the common case
	case len(other.Labels) == 0:
		c.Labels, c.More = nil, 0
	case len(c.Labels) == 1 && c.Labels[0] != other.Labels[0]:
		c.Labels = append(c.Labels, other.Labels[0])
	case !slices.Contains(c.Labels, other.Labels[0]):
		c.More++
	}
	return c
}

// signature is what the files say for a connection, so that two with the same
// need not both be asked about. sshd's own answer counts; this only saves
// questions.
func (c *Config) signature(of Connection) string {
	fates := make([]fate, len(c.Blocks))
	for i, b := range c.Blocks {
		fates[i] = b.applies(&of)
	}
	var b strings.Builder
	b.WriteString(of.Person.String())
	seen := map[string]bool{}
	var global []Directive
	add := func(d Directive) {
		if listed(d.Keyword) || !seen[d.Keyword] {
			seen[d.Keyword] = true
			b.WriteString("\n" + d.Keyword + " " + strings.Join(d.Args, " "))
		}
		if strings.HasSuffix(d.Keyword, "groups") && of.Account.Known {
			b.WriteString(" passes " + strconv.FormatBool(of.passes(d.Keyword, d.Args)))
		}
		if d.Keyword == "allowusers" || d.Keyword == "denyusers" {
			for _, pattern := range d.Args {
				for _, version := range []string{"OpenSSH_9.2", "OpenSSH_10.0"} { // the two readings of several '@'
					if met, _ := matchUser(version, of, pattern); met {
						b.WriteString(" met " + version + strconv.Quote(pattern))
					}
				}
			}
		}
	}
	for _, d := range c.Directives {
		switch {
		case !decides(d.Keyword):
		case d.Block == nil:
			global = append(global, d)
		case fates[d.Block.at] != no:
			add(d)
		}
	}
	for _, d := range global { // a Match block wins over what is outside of them
		add(d)
	}
	return b.String()
}

// all are the combinations, those with nothing particular first. Where there
// are too many, one thing at a time differs.
func (w choices) all() (out []Connection) {
	for _, p := range w.kinds {
		users := w.users
		if p == gate.Service && w.one == nil {
			users = []choice{{user: p.Probe()}}
		}
		users = append(users[:len(users):len(users)], w.members...)
		every := len(users)*len(w.froms)*len(w.to)*2 <= maxConnections
		for i, u := range users {
			for j, f := range w.froms {
				for k, to := range w.to {
					if !every && min(1, i)+min(1, j)+min(1, k) > 1 || f.addr.Is4() != to.Addr().Is4() || u.account.Known && u.kind != p {
						continue
					}
					c := Connection{Person: p, User: u.user, Account: u.account, Addr: f.addr, Host: f.host, Local: to}
					if w.one != nil {
						c.Account = w.one.Account
					}
					for _, label := range []string{u.label, f.label, w.port(to)} {
						if label != "" {
							c.Labels = append(c.Labels, label)
						}
					}
					if len(c.Labels) > 1 {
						c.Labels = []string{strings.Join(c.Labels, " and ")}
					}
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// port is what is particular about an address and port of the machine, where
// it has several.
func (w choices) port(to netip.AddrPort) string {
	if len(w.to) < 2 || !w.local {
		return ""
	}
	one := w.to[0]
	for _, o := range w.to {
		if o.Port() != one.Port() {
			return "connect to port " + strconv.Itoa(int(to.Port()))
		}
	}
	return "connect to " + to.Addr().String()
}

// choose goes through the patterns of the Match lines and of AllowUsers and
// DenyUsers for values that they tell apart.
func (c *Config) choose(to []netip.AddrPort, useDNS, loopback bool) choices {
	p := patterns{alike: map[string]int{}}
	for _, d := range c.Directives {
		if !decides(d.Keyword) {
			continue
		}
		for b := d.Block; b != nil; b = b.Within {
			p.block(b, d)
		}
		if d.Keyword == "allowusers" || d.Keyword == "denyusers" {
			for _, a := range d.Args {
				p.person(a)
			}
		}
	}
	if !p.local { // one of each family will do
		to = slices.CompactFunc(slices.Clone(to), func(a, b netip.AddrPort) bool { return a.Addr().Is4() == b.Addr().Is4() })
	}
	w := choices{kinds: gate.People(), users: p.people(), to: to, local: p.local}
	w.froms = p.origins(useDNS, loopback, slices.ContainsFunc(to, func(a netip.AddrPort) bool { return a.Addr().Is6() }))
	return w
}

// patterns are what the configuration compares with, each once.
type patterns struct {
	users, addresses, hosts []string
	local                   bool           // the machine's own address or port is compared with something
	alike                   map[string]int // by what a block says
}

func (p *patterns) block(b *Block, d Directive) {
	for key, value := range b.pairs() {
		p.local = p.local || strings.HasPrefix(key, "local")
		said := key + "\x00" + d.Keyword + "\x00" + strings.Join(d.Args, " ")
		for _, one := range split(value) {
			if p.alike[said]++; p.alike[said] > maxAlike*2 {
				break
			}
			one = strings.TrimPrefix(one, "!")
			switch key {
			case "user":
				p.users = appendNew(p.users, one)
			case "address":
				p.addresses = appendNew(p.addresses, one)
			case "host":
				p.host(one)
			}
		}
	}
}

// person takes an entry of AllowUsers or DenyUsers, in both readings of several '@'.
func (p *patterns) person(entry string) {
	for _, at := range []int{strings.IndexByte(entry, '@'), strings.LastIndexByte(entry, '@')} {
		if at < 0 {
			p.users = appendNew(p.users, entry)
			continue
		}
		p.users = appendNew(p.users, entry[:at])
		for _, from := range split(entry[at+1:]) {
			if from = strings.TrimPrefix(from, "!"); strings.Contains(from, "@") {
				continue // no host is called so
			}
			p.host(from)
		}
	}
}

// host takes a pattern of a host's name, which may be its address.
func (p *patterns) host(pattern string) {
	p.hosts = appendNew(p.hosts, pattern)
	if _, ok := parseNetwork(pattern); ok || strings.Trim(pattern, "0123456789.*?") == "" {
		p.addresses = appendNew(p.addresses, pattern)
	}
}

func appendNew(list []string, s string) []string {
	if len(list) >= maxValues || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// wide says whether a pattern of a name means everybody of a kind.
func wide(pattern string) bool { return strings.Trim(pattern, "*?@-") == "" }

// people are a person whom no pattern singles out, and one for each pattern
// that means several of them. A single name is its owner's own business.
func (p *patterns) people() []choice {
	var out []choice
	common := gate.Human.Probe()
	for _, name := range []string{common, "anna@example.net", "quentin@example.org", "7@test.invalid"} {
		if !slices.ContainsFunc(p.users, func(u string) bool { return !wide(u) && MatchPattern(name, u) }) {
			common = name
			break
		}
	}
	out = append(out, choice{user: common})
	for _, u := range p.users {
		if wide(u) || !strings.ContainsAny(u, "*?") || u == servicePattern {
			continue
		}
		if name, ok := p.nameFor(u); ok {
			out = append(out, choice{user: name, label: "have a name that matches " + u})
		}
	}
	return out
}

// nameFor is a user principal name that a pattern matches, and of several one
// that as few other patterns match as can be: others may take a part of it away.
func (p *patterns) nameFor(pattern string) (string, bool) {
	var names []string
	for _, star := range []string{"someone", "anna", "quentin", "7", "one@example.com", "anna@example.com", "7@example.com", "a.example"} {
		for _, mark := range []string{"@", "x"} {
			name := strings.ReplaceAll(strings.ReplaceAll(pattern, "*", star), "?", mark)
			if strings.Count(name, "@") == 1 && MatchPattern(name, pattern) && MatchPattern(name, personPattern) {
				names = append(names, name)
			}
		}
	}
	return leastMatched(names, p.users, MatchPattern)
}

// leastMatched is the first of those that the fewest patterns match.
func leastMatched[T any](values []T, patterns []string, matches func(T, string) bool) (best T, ok bool) {
	least := len(patterns) + 1
	for _, v := range values {
		n := 0
		for _, pattern := range patterns {
			if matches(v, pattern) {
				n++
			}
		}
		if n < least {
			best, least, ok = v, n, true
		}
	}
	return best, ok
}

// origins are an address that no pattern singles out, and one for each pattern
// that does. loopback: people come from the machine itself, as they do through
// the Arc agent, and from nowhere else.
func (p *patterns) origins(useDNS, loopback, six bool) []choice {
	local := func(a string) choice {
		c := choice{addr: netip.MustParseAddr(a), host: a}
		if useDNS {
			c.host = "localhost"
		}
		return c
	}
	if loopback {
		return []choice{local("127.0.0.1"), local("::1")}
	}
	commons := []string{"198.51.100.23", "203.0.113.77", "192.0.2.141", "100.100.55.200", "9.9.77.3"}
	if six {
		commons = append(commons, "2001:db8:55::77", "2001:db8:aaaa::3")
	}
	var out []choice
	for _, a := range commons {
		addr := netip.MustParseAddr(a)
		special := func(s string) bool { return !everywhere(s) && matchOneAddress(addr, s) }
		if slices.ContainsFunc(p.addresses, special) || slices.ContainsFunc(out, func(c choice) bool { return c.addr.Is4() == addr.Is4() }) {
			continue
		}
		out = append(out, choice{addr: addr, host: p.commonHost(a, useDNS)})
	}
	for _, s := range p.addresses {
		a, ok := p.addressFor(s)
		if everywhere(s) || !ok || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() {
			continue
		}
		out = append(out, choice{addr: a, host: p.commonHost(a.String(), useDNS), label: "connect from " + s})
	}
	if useDNS && len(out) > 0 {
		out = append(out, p.named(out[0].addr)...)
	}
	return out
}

// named are an address under a name for each pattern that singles a host out.
func (p *patterns) named(addr netip.Addr) []choice {
	var out []choice
	for _, h := range p.hosts {
		name := strings.ReplaceAll(strings.ReplaceAll(h, "*", "host"), "?", "x")
		if wide(h) || name == "localhost" || strings.Trim(h, "0123456789.*?:/") == "" {
			continue
		}
		out = append(out, choice{addr: addr, host: name, label: "connect from a host whose name matches " + h})
	}
	return out
}

// commonHost is a host's name that no pattern singles out: the address itself
// where sshd asks no name service, or none knows it.
func (p *patterns) commonHost(address string, useDNS bool) string {
	if !useDNS {
		return address
	}
	return "client.invalid"
}

// everywhere says whether a pattern means every address of a family.
func everywhere(pattern string) bool {
	network, ok := parseNetwork(pattern)
	return ok && network.Bits() == 0 || strings.Trim(pattern, "*?.:") == ""
}

// addressFor is an address that a pattern matches, and of several one that as
// few other patterns match as can be.
func (p *patterns) addressFor(pattern string) (netip.Addr, bool) {
	return leastMatched(addressesFor(pattern, p.addresses), p.addresses, matchOneAddress)
}

// addressesFor are addresses that a pattern matches: of a network its ends, and
// what lies beside the networks in it that others name.
func addressesFor(pattern string, others []string) (out []netip.Addr) {
	network, ok := parseNetwork(pattern)
	if !ok {
		for _, star := range []string{"7", "201", "77", "7.7", "201.201", "7.7.7", "201.201.201"} {
			a, err := netip.ParseAddr(strings.ReplaceAll(strings.ReplaceAll(pattern, "*", star), "?", "7"))
			if err == nil && MatchPattern(a.String(), pattern) {
				out = append(out, a)
			}
		}
		return out
	}
	var within []netip.Prefix
	for _, o := range others {
		if n, ok := parseNetwork(o); ok {
			within = append(within, n)
		}
	}
	return gate.Samples(network, within)
}
