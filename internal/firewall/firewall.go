// Package firewall determines what a machine's own packet filter does with connections to
// its SSH port, from the rules of nftables and iptables. It reads nothing itself: the
// caller passes the rules.
package firewall

import (
	"net/netip"
	"slices"
	"strings"
)

// Question says which connections are meant.
type Question struct {
	Interfaces []string     // the interfaces of the default route, through which people connect
	Addresses  []netip.Addr // addresses of the machine on them; the first decides the IP version
	Port       int          // the port that sshd listens on
	From       netip.Addr   // the one address that is meant, of the same IP version; the zero address: all
}

// Fate is what happens to connections.
type Fate int

// The fates.
const (
	Open    Fate = iota // everybody reaches the port, with few exceptions
	Closed              // nobody does
	Some                // some do, but most do not
	Unknown             // it depends on something that is not evaluated here
)

// Verdict is the answer, with the deciding rule.
type Verdict struct {
	Fate Fate
	Rule Rule     // the rule that stops people, or that was not evaluated; empty if all is open
	Who  []string // networks: for Some those that get through; for Open those that do not
	// Unsure are, for Some and Open, networks of which it is not known.
	Unsure []string
}

// Rule describes one rule or one policy for people.
type Rule struct {
	Place   string  // "nftables table inet filter, chain input", or "iptables table raw, chain PREROUTING"
	Text    string  // the rule's text
	allow   string  // the command that allows the port before this rule, with PORT for the port; empty if the rule does not show where to add it
	manager manager // the program whose command lasts, where a rule added by hand would be overwritten
	zone    string  // firewalld's option for the zone or policy that the rule is of; empty for the default zone
	early   bool    // the rule stands before those that the manager usually adds
	perhaps bool    // whether packets meet its conditions is not known
	file    string  // the manager's file that the rule is from, in which its commands change nothing
}

// Ask follows a new connection, the answer to it, and what is sent next, from every network that the rules
// distinguish. If something cannot be evaluated, the answer says so.
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

// crossing is what happens to connections from one network.
type crossing struct {
	from region
	outcome
}

// cross combines what happens on each interface.
func (q Question) cross(from region, rulesets []Ruleset) outcome {
	var all outcome
	for i, name := range q.Interfaces {
		ephemeral := span{1024, 65535} // the ports that a client may connect from (RFC 6056, 3.2)
		in := &packet{marked: new(bool), from: from.first, alone: from.first == from.last, to: q.Addresses[0], in: name, fromPorts: ephemeral, toPorts: span{q.Port, q.Port}, state: "new", flags: []string{"syn"}}
		out := &packet{marked: in.marked, alone: in.alone, from: in.to, to: in.from, out: name, fromPorts: in.toPorts, toPorts: in.fromPorts, state: "established", flags: []string{"syn", "ack"}}
		next := *in // without it there is no connection
		next.state, next.flags = "established", []string{"ack"}
		one := follow(rulesets, in, "prerouting", "input").then(follow(rulesets, out, "output", "postrouting")).then(follow(rulesets, &next, "prerouting", "input"))
		if i == 0 {
			all = one
		} else {
			all = all.or(one)
		}
	}
	return all
}

// sum combines the results of all networks: the result of the largest network counts for
// people in general.
func sum(seen []crossing) Verdict {
	most := slices.MaxFunc(seen, func(a, b crossing) int { return a.from.size().Cmp(b.from.size()) })
	var in, out, unsure []region
	for _, c := range seen {
		switch {
		case c.pass && c.stop:
			unsure = append(unsure, c.from)
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
		return Verdict{Fate: Open, Who: networks(out), Unsure: networks(unsure)}
	case len(in) > 0:
		return Verdict{Fate: Some, Rule: most.rule, Who: networks(in), Unsure: networks(unsure)}
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
