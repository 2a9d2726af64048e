// Package firewall says what a machine's own packet filter does with somebody
// who connects to its SSH port: nftables' rulesets, and those of iptables. It
// is pure; whoever uses it reads the rules.
package firewall

import (
	"net/netip"
	"slices"
	"strings"
)

// Question is whose connection is meant.
type Question struct {
	Interfaces []string     // that people come in by: those of the default route
	Addresses  []netip.Addr // of the machine on them; the first decides which IP version is meant
	Port       int          // that sshd listens on
	From       netip.Addr   // the one address that is meant, of the same IP version; the zero address: each
}

// Fate is what becomes of connections.
type Fate int

// The fates.
const (
	Open    Fate = iota // everybody reaches the port, or nearly
	Closed              // nobody does
	Some                // some do, most do not
	Unknown             // it depends on what is not followed here
)

// Verdict is the answer, with the rule that decides.
type Verdict struct {
	Fate Fate
	Rule Rule     // what keeps people out, or what was not followed; empty where all is open
	Who  []string // networks: of Some those that get in; of Open those that do not
}

// Rule is one rule or one policy, for people.
type Rule struct {
	Place   string  // "nftables table inet filter, chain input", or "iptables table raw, chain PREROUTING"
	Text    string  // what it says
	Allow   string  // the command that lets the port in before it, which has PORT for the port; empty where the rule does not say where to
	Manager Manager // whose command lasts, while one of the rules alone would be overwritten
	Zone    string  // of firewalld; empty for the default one
}

// Manager is a program that makes rules.
type Manager int

// The managers that are known.
const (
	ByHand Manager = iota
	Firewalld
	Ufw
)

// Ask follows a new connection from every network that the rules tell apart,
// and the answer to it. Nothing that cannot be followed is taken for one or the
// other.
func Ask(q Question, rulesets ...Ruleset) Verdict {
	if !slices.ContainsFunc(rulesets, Ruleset.filters) {
		return Verdict{Fate: Open}
	}
	if len(q.Addresses) == 0 || len(q.Interfaces) == 0 {
		return Verdict{Fate: Unknown, Rule: Rule{Place: "this machine", Text: "it has no address that anybody could connect to"}}
	}
	if q.From.IsValid() {
		only := region{q.From, q.From}
		return sum([]crossing{{only, q.cross(only, rulesets)}})
	}
	var seen []crossing
	for _, network := range regions(q.Addresses[0].Is4(), rulesets) {
		seen = append(seen, crossing{network, q.cross(network, rulesets)})
	}
	return sum(seen)
}

// crossing is what becomes of those of one network.
type crossing struct {
	from region
	outcome
}

// cross joins what happens on each interface.
func (q Question) cross(from region, rulesets []Ruleset) outcome {
	var all outcome
	for i, name := range q.Interfaces {
		in := &packet{from: from.first, to: q.Addresses[0], in: name, fromPorts: ephemeral(), toPorts: span{q.Port, q.Port}, state: "new", flags: []string{"syn"}}
		out := &packet{from: in.to, to: in.from, out: name, fromPorts: in.toPorts, toPorts: in.fromPorts, state: "established", flags: []string{"syn", "ack"}}
		one := follow(rulesets, in, "prerouting", "input").then(follow(rulesets, out, "output", "postrouting"))
		if i == 0 {
			all = one
		} else {
			all = all.or(one)
		}
	}
	return all
}

// sum makes one verdict of all networks: what becomes of the largest of them is
// what becomes of people in general.
func sum(seen []crossing) Verdict {
	most := slices.MaxFunc(seen, func(a, b crossing) int { return a.from.size().Cmp(b.from.size()) })
	var in, out []region
	for _, c := range seen {
		switch {
		case c.pass && c.stop:
		case c.pass:
			in = append(in, c.from)
		default:
			out = append(out, c.from)
		}
	}
	switch {
	case most.pass && most.stop:
		return Verdict{Fate: Unknown, Rule: most.doubt}
	case most.pass:
		return Verdict{Fate: Open, Who: networks(out)}
	case len(in) > 0:
		return Verdict{Fate: Some, Rule: most.rule, Who: networks(in)}
	}
	if i := slices.IndexFunc(seen, func(c crossing) bool { return c.pass }); i >= 0 {
		return Verdict{Fate: Unknown, Rule: seen[i].doubt}
	}
	return Verdict{Fate: Closed, Rule: most.rule}
}

// String is the rule in one line.
func (r Rule) String() string {
	return strings.TrimSuffix(r.Place+": "+r.Text, ": ")
}
