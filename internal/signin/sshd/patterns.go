package sshd

import (
	"net/netip"
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// choose collects from the patterns of the Match lines, AllowUsers and DenyUsers the values
// that they distinguish.
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
	if !p.local { // one of each family is enough
		to = slices.CompactFunc(slices.Clone(to), func(a, b netip.AddrPort) bool { return a.Addr().Is4() == b.Addr().Is4() })
	}
	w := choices{kinds: gate.People(), users: p.people(), to: to, local: p.local}
	w.froms = p.origins(useDNS, loopback, slices.ContainsFunc(to, func(a netip.AddrPort) bool { return a.Addr().Is6() }))
	return w
}

// patterns are the patterns in the configuration, without duplicates.
type patterns struct {
	users, addresses, hosts []string
	local                   bool           // a pattern concerns the machine's own address or port
	alike                   map[string]int // by the content of a block
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

// person adds an entry of AllowUsers or DenyUsers, with both readings of several '@'.
func (p *patterns) person(entry string) {
	for _, at := range []int{strings.IndexByte(entry, '@'), strings.LastIndexByte(entry, '@')} {
		if at < 0 {
			p.users = appendNew(p.users, entry)
			continue
		}
		p.users = appendNew(p.users, entry[:at])
		for _, from := range split(entry[at+1:]) {
			if from = strings.TrimPrefix(from, "!"); strings.Contains(from, "@") {
				continue // no host has such a name
			}
			p.host(from)
		}
	}
}

// host adds a pattern of a host's name, which may be an address.
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

// wide reports whether a pattern of a name matches everybody of a kind.
func wide(pattern string) bool { return strings.Trim(pattern, "*?@-") == "" }
