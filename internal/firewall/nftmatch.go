package firewall

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
)

// unknown is a condition that is not evaluated.
func unknown(*packet) truth { return maybe }

// nftMatch is one comparison.
func (s *Ruleset) nftMatch(body json.RawMessage) func(*packet) truth {
	var m struct {
		Op          string
		Left, Right json.RawMessage
	}
	if json.Unmarshal(body, &m) != nil {
		return unknown
	}
	same := s.nftCompare(m.Left, m.Right)
	switch m.Op {
	case "==", "in":
		return same
	case "!=":
		fits := nftFits(m.Left)
		return func(p *packet) truth { return min(fits(p), not(same(p))) }
	}
	return unknown
}

// nftFits reports whether a packet has what is on the left: "udp dport != 53" also asks for
// the protocol, which nft does not list on its own.
func nftFits(left json.RawMessage) func(*packet) truth {
	var l nftLeft
	if json.Unmarshal(left, &l) != nil || l.Payload == nil {
		return func(*packet) truth { return yes }
	}
	return func(p *packet) truth {
		switch l.Payload.Protocol {
		case "ip", "ip6":
			return when(p.from.Is4() == (l.Payload.Protocol == "ip"))
		case "tcp", "th", "ether":
			return yes
		}
		return no
	}
}

// nftLeft is the left side of a comparison.
type nftLeft struct {
	Payload *struct{ Protocol, Field string }
	Meta    *struct{ Key string }
	Ct      *struct{ Key string }
	Fib     *struct {
		Result string
		Flags  []string
	}
	Concat []json.RawMessage
	And    []json.RawMessage `json:"&"`
}

// nftCompare is left == right, where right may be a set of alternatives.
func (s *Ruleset) nftCompare(left, right json.RawMessage) func(*packet) truth {
	var l nftLeft
	if json.Unmarshal(left, &l) != nil {
		return unknown
	}
	values, listed := s.nftMembers(right)
	if !listed {
		return unknown
	}
	before := len(s.networks)
	var each []func(*packet) truth
	for _, v := range values {
		each = append(each, s.nftOne(l, v))
	}
	many := len(values) > most/2
	if many { // they are not told apart, so that those of other rules are
		s.networks = s.networks[:before]
	}
	return func(p *packet) truth {
		if many && !p.alone {
			return maybe
		}
		best := no
		for _, e := range each {
			best = max(best, e(p))
		}
		return best
	}
}

// nftMembers are the values of a set or a map, or the one value. Those of a named set may not
// be listed.
func (s *Ruleset) nftMembers(right json.RawMessage) (values []json.RawMessage, listed bool) {
	var set struct{ Set []json.RawMessage }
	if json.Unmarshal(right, &set) == nil && set.Set != nil {
		return set.Set, true
	}
	var list []json.RawMessage
	if json.Unmarshal(right, &list) == nil {
		return list, true // flags: one of them must be set
	}
	var name string
	if json.Unmarshal(right, &name) == nil && strings.HasPrefix(name, "@") {
		values, listed = s.sets[s.table+name[1:]]
		return values, listed
	}
	return []json.RawMessage{right}, true
}

func (s *Ruleset) nftOne(l nftLeft, v json.RawMessage) func(*packet) truth {
	var elem struct{ Elem struct{ Val json.RawMessage } }
	if json.Unmarshal(v, &elem) == nil && elem.Elem.Val != nil {
		v = elem.Elem.Val // with a timeout or a comment
	}
	switch {
	case l.Concat != nil:
		return s.nftTogether(l.Concat, v)
	case l.Payload != nil:
		return s.nftPayload(l.Payload.Protocol, l.Payload.Field, v)
	case l.Meta != nil:
		return nftMeta(l.Meta.Key, nftWord(v))
	case l.Ct != nil:
		return nftCt(l.Ct.Key, nftWord(v))
	case l.Fib != nil:
		return nftFib(l.Fib.Result, l.Fib.Flags, nftWord(v))
	case l.And != nil:
		return nftFlags(l.And, v)
	}
	return unknown
}

// nftTogether compares several things at once: "ip saddr . tcp dport".
func (s *Ruleset) nftTogether(lefts []json.RawMessage, v json.RawMessage) func(*packet) truth {
	var right struct{ Concat []json.RawMessage }
	if json.Unmarshal(v, &right) != nil || len(right.Concat) != len(lefts) {
		return unknown
	}
	var each []func(*packet) truth
	for i, l := range lefts {
		each = append(each, s.nftCompare(l, right.Concat[i]))
	}
	return func(p *packet) truth {
		all := yes
		for _, e := range each {
			all = min(all, e(p))
		}
		return all
	}
}

func (s *Ruleset) nftPayload(protocol, field string, v json.RawMessage) func(*packet) truth {
	switch protocol {
	case "ip", "ip6":
		if field == "saddr" || field == "daddr" {
			return s.inNetwork(field, v)
		}
		if word := nftWord(v); field == "protocol" || field == "nexthdr" {
			return func(*packet) truth { return when(word == "tcp" || word == "6") }
		}
	case "tcp", "th":
		if field == "sport" || field == "dport" {
			ports, ok := nftPorts(v)
			if !ok {
				return unknown
			}
			return func(p *packet) truth { return p.port(field, ports) }
		}
		if word := nftWord(v); field == "flags" {
			return func(p *packet) truth { return when(slices.Contains(p.flags, word)) }
		}
	case "udp", "icmp", "icmpv6", "sctp", "dccp", "udplite", "esp", "ah", "igmp", "arp":
		return func(*packet) truth { return no }
	}
	return unknown
}

// inNetwork: an address in a prefix or range, or equal to one address.
func (s *Ruleset) inNetwork(field string, v json.RawMessage) func(*packet) truth {
	r, ok := nftNetwork(v)
	if !ok {
		return unknown
	}
	s.networks = append(s.networks, r)
	return func(p *packet) truth { return when(r.contains(p.address(field))) }
}

func nftNetwork(v json.RawMessage) (region, bool) {
	var o struct {
		Prefix *struct {
			Addr string
			Len  int
		}
		Range []string
	}
	if json.Unmarshal(v, &o) == nil {
		switch {
		case o.Prefix != nil:
			a, err := netip.ParseAddr(o.Prefix.Addr)
			if p := netip.PrefixFrom(a.WithZone(""), o.Prefix.Len); err == nil && p.IsValid() {
				return of(p), true
			}
			return region{}, false
		case len(o.Range) == 2:
			return parseRange(o.Range[0], o.Range[1])
		}
	}
	return parseNetwork(nftWord(v))
}

func parseRange(first, last string) (region, bool) {
	a, err := netip.ParseAddr(first)
	b, err2 := netip.ParseAddr(last)
	a, b = a.WithZone(""), b.WithZone("") // listings have no zones
	return region{a, b}, err == nil && err2 == nil && a.BitLen() == b.BitLen() && a.Compare(b) <= 0
}

func parseNetwork(word string) (region, bool) {
	if p, err := netip.ParsePrefix(word); err == nil {
		return of(p), true
	}
	a, err := netip.ParseAddr(word)
	if err != nil {
		return region{}, false
	}
	return of(netip.PrefixFrom(a.WithZone(""), a.BitLen())), true
}

func nftPorts(v json.RawMessage) (span, bool) {
	var one int
	if json.Unmarshal(v, &one) == nil {
		return span{one, one}, true
	}
	var o struct{ Range []int }
	if json.Unmarshal(v, &o) == nil && len(o.Range) == 2 {
		return span{o.Range[0], o.Range[1]}, true
	}
	return span{}, false
}

func nftMeta(key, word string) func(*packet) truth {
	switch key {
	case "l4proto":
		return func(*packet) truth { return when(word == "tcp" || word == "6") }
	case "nfproto":
		return func(p *packet) truth { return when(p.from.Is4() == (word == "ipv4")) }
	case "protocol":
		return func(p *packet) truth { return when(p.from.Is4() == (word == "ip")) }
	case "iifname", "iif":
		return func(p *packet) truth { return interfaceIs(p.in, word) }
	case "oifname", "oif":
		return func(p *packet) truth { return interfaceIs(p.out, word) }
	case "mark":
		return markIs(word)
	case "pkttype":
		return func(*packet) truth { return when(word == "host" || word == "unicast") }
	}
	return unknown
}

func nftCt(key, word string) func(*packet) truth {
	switch key {
	case "state":
		return func(p *packet) truth { return when(p.state == word) }
	case "status": // the addresses of the connection that we follow were not changed
		return func(*packet) truth {
			if word == "dnat" || word == "snat" {
				return no
			}
			return maybe
		}
	case "mark":
		return markIs(word)
	case "direction":
		return func(p *packet) truth { return when((p.in != "") == (word == "original")) }
	}
	return unknown
}

// nftFib evaluates the routing table: what people send to this machine is addressed to it,
// and comes from where the answer goes.
func nftFib(result string, flags []string, word string) func(*packet) truth {
	switch {
	case result == "type" && slices.Contains(flags, "daddr"):
		return func(p *packet) truth {
			if p.in == "" {
				return when(word == "unicast")
			}
			return when(word == "local")
		}
	case result == "type" && slices.Contains(flags, "saddr"):
		return func(p *packet) truth { return when((p.in == "") == (word == "local")) }
	case (result == "oif" || result == "check") && slices.Contains(flags, "saddr"):
		return func(*packet) truth { return when(word != "false" && word != "0") }
	}
	return unknown
}

// nftFlags is "tcp flags & (fin | syn | rst | ack) == syn".
func nftFlags(parts []json.RawMessage, right json.RawMessage) func(*packet) truth {
	if len(parts) != 2 {
		return unknown
	}
	var l nftLeft
	err := json.Unmarshal(parts[0], &l)
	if err == nil && (l.Meta != nil && l.Meta.Key == "mark" || l.Ct != nil && l.Ct.Key == "mark") {
		return markIs(nftWord(right))
	}
	if err != nil || l.Payload == nil || l.Payload.Protocol != "tcp" || l.Payload.Field != "flags" {
		return unknown
	}
	looked, set := nftOr(parts[1]), nftOr(right)
	return func(p *packet) truth { return p.flagged(looked, set) }
}

// nftOr are the flags in "fin | syn", in a list, or a single one; 0 means none.
func nftOr(raw json.RawMessage) []string {
	var o struct {
		Or []json.RawMessage `json:"|"`
	}
	if json.Unmarshal(raw, &o) != nil || o.Or == nil {
		_ = json.Unmarshal(raw, &o.Or)
	}
	if o.Or == nil {
		if word := nftWord(raw); word != "0" {
			return []string{word}
		}
		return nil
	}
	var words []string
	for _, part := range o.Or {
		words = append(words, nftOr(part)...)
	}
	return words
}
