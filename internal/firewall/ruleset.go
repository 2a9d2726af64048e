package firewall

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"aadssh/internal/order"
)

// Ruleset is the listing of one program: nft or iptables-save.
type Ruleset struct {
	chains   map[string]*chain // by table and name
	bases    []base
	networks []region // that the rules distinguish

	sets  map[string][]json.RawMessage // members of nft's named sets and maps that are listed
	table string                       // the table of nft's whose rule is being read, as the beginning of a key
}

// base is a chain that the kernel calls.
type base struct {
	_ [0]func() // never compared: no code for == is linked

	hook     string // prerouting, input, output, postrouting
	family   string // ip and ip6 see only one IP version
	priority int
	chain    *chain
	drops    bool // the policy: drop what reaches its end
	policy   Rule
	nat      bool   // sees the first packet of a connection only
	devices  string // the interfaces that it sees, as JSON; empty: all
}

// unnamed are the devices of a chain of which nft names none (as 1.0.6 does in JSON).
const unnamed = "?"

// filters reports whether the ruleset can stop a connection.
func (s Ruleset) filters() bool {
	for _, b := range s.bases {
		if b.drops || len(b.chain.rules) > 0 {
			return true
		}
	}
	return false
}

type chain struct {
	rules []rule
}

// rule acts if all of its conditions hold.
type rule struct {
	conditions []func(*packet) truth
	does       action
	target     string // of jump and call: table and chain
	marks      bool   // it sets a mark
	byMark     bool   // it asks for one
	shown      Rule
}

type action int

const (
	goOn    action = iota // counts, logs, marks
	accept                // ends the base chain
	drop                  // ends everything
	call                  // the target, then the next rule
	jump                  // the target instead of the rest of this chain
	back                  // to the calling chain
	unclear               // redirects, queues, or is not known here
)

// holds: marks may also be set by programs in the kernel, which no listing has. That they
// mark a connection so that it is dropped is not assumed, and may be so that it is let in.
func (r rule) holds(p *packet) truth {
	if r.byMark && r.does != drop {
		other := *p
		other.marked, p = nil, &other
	}
	all := yes
	for _, c := range r.conditions {
		all = min(all, c(p))
	}
	return all
}

// outcome is what may happen to a packet.
type outcome struct {
	_ [0]func() // never compared: no code for == is linked

	pass, stop bool
	rule       Rule // the rule that stops it, or may
	doubt      Rule // the first rule of which it is not known whether it applies
}

// then is the outcome of two filters, one after the other.
func (o outcome) then(next outcome) outcome {
	if !o.pass {
		return o
	}
	if !o.stop {
		return next
	}
	return outcome{pass: next.pass, stop: true, rule: o.rule.or(next.rule), doubt: o.doubt}
}

// or is the outcome if either may happen.
func (o outcome) or(other outcome) outcome {
	if !o.stop {
		o.rule = other.rule
	}
	if o.doubt == (Rule{}) {
		o.doubt = other.doubt
	}
	return outcome{pass: o.pass || other.pass, stop: o.stop || other.stop, rule: o.rule, doubt: o.doubt}
}

// follow passes a packet through the hooks: every base chain must accept it.
func follow(rulesets []Ruleset, p *packet, hooks ...string) outcome {
	all := outcome{pass: true}
	for _, hook := range hooks {
		type placed struct {
			base
			set Ruleset
		}
		var here []placed
		for _, set := range rulesets {
			for _, b := range set.bases {
				if b.hook == hook && b.sees(p) {
					here = append(here, placed{b, set})
				}
			}
		}
		order.By(here, func(a, b placed) int { return cmp.Compare(a.priority, b.priority) })
		for _, b := range here {
			all = all.then(b.set.enter(b.base, b.tracked(p)))
			if !all.pass {
				return all
			}
		}
	}
	return all
}

func (b base) sees(p *packet) bool {
	ip := b.family != "ip" && b.family != "ip6" || p.from.Is4() == (b.family == "ip")
	return ip && (!b.nat || p.state == "new") && (b.devices == "" || b.devices == unnamed || strings.Contains(b.devices, strconv.Quote(p.in+p.out)))
}

// tracked is a packet as a chain sees it: chains before conntrack (priority -200,
// NF_IP_PRI_CONNTRACK in linux/netfilter_ipv4.h) see no connection, which nft and iptables
// call invalid.
func (b base) tracked(p *packet) *packet {
	if b.priority >= -200 {
		return p
	}
	untracked := *p
	untracked.state = "invalid"
	return &untracked
}

// enter is what a base chain does with a packet.
func (s Ruleset) enter(b base, p *packet) outcome {
	end := s.walk(b.chain, p, map[*chain]*ending{})
	o := outcome{pass: end.accepted, stop: end.dropped, rule: end.rule, doubt: end.doubt}
	switch {
	case end.fell && b.drops:
		o.stop = true
		o.rule = o.rule.or(b.policy)
	case end.fell:
		o.pass = true
	}
	if o.stop && b.devices == unnamed {
		o.pass, o.doubt = true, o.rule
	}
	return o
}

// ending is how a chain may end for a packet.
type ending struct {
	accepted, dropped, fell bool
	rule                    Rule // of a drop, or of what is unclear
	doubt                   Rule
}

// walk evaluates a chain once for each packet. It does not record which conditions hold
// together, so unknown conditions may allow more endings than are possible, but never
// fewer.
func (s Ruleset) walk(c *chain, p *packet, known map[*chain]*ending) ending {
	if c == nil {
		return ending{accepted: true, dropped: true, rule: Rule{Text: "a chain that is not listed"}}
	}
	if e := known[c]; e != nil {
		return *e
	}
	e := &ending{fell: true} // the value in a loop; the kernel allows none
	known[c] = e
	var now ending
	for _, r := range c.rules {
		holds := r.holds(p)
		if r.marks && holds != no && p.marked != nil {
			*p.marked = true
		}
		if holds == no || r.does == goOn {
			continue
		}
		sub, stays := s.act(r, p, known)
		if holds == maybe {
			sub.rule.perhaps = sub.dropped
			if sub.doubt == (Rule{}) {
				sub.doubt = r.shown
			}
		}
		now = now.join(sub)
		if holds == yes && !stays {
			*e = now
			return now
		}
	}
	now.fell = true
	*e = now
	return now
}

// act is what a rule may do, and whether the next rule may be reached.
func (s Ruleset) act(r rule, p *packet, known map[*chain]*ending) (e ending, stays bool) {
	switch r.does {
	case accept:
		return ending{accepted: true}, false
	case drop:
		return ending{dropped: true, rule: r.shown}, false
	case back:
		return ending{fell: true}, false
	case call, jump:
		e := s.walk(s.chains[r.target], p, known)
		if r.does == call {
			stays, e.fell = e.fell, false
		}
		return e, stays
	}
	return ending{accepted: true, dropped: true, rule: r.shown, doubt: r.shown}, false
}

// or is the rule that is named where two stop packets: the first one, unless only the second
// is known to.
func (r Rule) or(second Rule) Rule {
	if r == (Rule{}) || r.perhaps && second != (Rule{}) && !second.perhaps {
		return second
	}
	return r
}

func (e ending) join(o ending) ending {
	e.rule = e.rule.or(o.rule)
	if e.doubt == (Rule{}) {
		e.doubt = o.doubt
	}
	return ending{e.accepted || o.accepted, e.dropped || o.dropped, e.fell || o.fell, e.rule, e.doubt}
}
