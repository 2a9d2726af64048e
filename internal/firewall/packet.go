package firewall

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// truth is the value of a condition, which may be unknown.
type truth int

const (
	no truth = iota
	maybe
	yes
)

func not(t truth) truth { return yes - t }

func when(b bool) truth {
	if b {
		return yes
	}
	return no
}

// span is a range of ports.
type span struct{ low, high int }

// within reports whether all, some or none of the ports of s are in o.
func (s span) within(o span) truth {
	switch {
	case o.low <= s.low && s.high <= o.high:
		return yes
	case s.high < o.low || o.high < s.low:
		return no
	}
	return maybe
}

// packet is one of the first three packets of a connection.
type packet struct {
	from, to           netip.Addr
	alone              bool   // from is all that is asked about, not the first of many addresses
	in, out            string // interfaces
	fromPorts, toPorts span
	state              string // conntrack's
	flags              []string
	marked             *bool // a rule may have set a mark of the connection or of one of its packets; until then all are 0
}

// markIs compares the packet's mark, or that of its connection, or a part of it.
func markIs(word string) func(*packet) truth {
	value, err := strconv.ParseInt(word, 0, 64)
	return func(p *packet) truth {
		if err != nil || p.marked == nil || *p.marked {
			return maybe
		}
		return when(value == 0)
	}
}

// port is a condition on one of the two ports, or on either.
func (p *packet) port(field string, o span) truth {
	switch field {
	case "sport":
		return p.fromPorts.within(o)
	case "dport":
		return p.toPorts.within(o)
	}
	return max(p.fromPorts.within(o), p.toPorts.within(o))
}

// address is the source address or the destination address.
func (p *packet) address(field string) netip.Addr {
	if field == "saddr" {
		return p.from
	}
	return p.to
}

// interfaceIs compares interface names; pattern may end with a wildcard.
func interfaceIs(name, pattern string) truth {
	if name == "" {
		return no // there is no such interface in this hook
	}
	if before, ok := strings.CutSuffix(strings.TrimSuffix(pattern, "+"), "*"); ok || strings.HasSuffix(pattern, "+") {
		return when(strings.HasPrefix(name, before))
	}
	return when(name == pattern)
}

func (p *packet) flagged(looked, set []string) truth {
	var of []string
	for _, f := range p.flags {
		if slices.Contains(looked, f) {
			of = append(of, f)
		}
	}
	if len(of) != len(set) {
		return no
	}
	for _, f := range set {
		if !slices.Contains(of, f) {
			return no
		}
	}
	return yes
}
