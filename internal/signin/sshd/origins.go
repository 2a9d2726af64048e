package sshd

import (
	"net/netip"
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// origins are an address that matches no pattern, and one for each pattern. loopback:
// people connect only from the machine itself, as through the Arc agent.
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
	have := map[bool]bool{} // by whether it is IPv4
	for _, a := range commons {
		addr := netip.MustParseAddr(a)
		special := func(s string) bool { return !everywhere(s) && matchOneAddress(addr, s) }
		if have[addr.Is4()] || slices.ContainsFunc(p.addresses, special) {
			continue
		}
		have[addr.Is4()] = true
		out = append(out, choice{addr: addr, host: p.commonHost(a, useDNS)})
	}
	for _, s := range p.addresses {
		a, ok := leastMatched(addressesFor(s, p.addresses), p.addresses, matchOneAddress)
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

// named are an address with a host name for each pattern of host names.
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

// commonHost is a host name that matches no pattern: the address itself if sshd looks up no
// names, or none is found.
func (p *patterns) commonHost(address string, useDNS bool) string {
	if !useDNS {
		return address
	}
	return "client.invalid"
}

// everywhere reports whether a pattern matches every address of a family.
func everywhere(pattern string) bool {
	network, ok := parseNetwork(pattern)
	return ok && network.Bits() == 0 || strings.Trim(pattern, "*?.:") == ""
}

// addressesFor are addresses that match a pattern: the ends of a network, and the
// neighbours of smaller networks in it that other patterns name.
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
	return gate.Samples(network, others, parseNetwork)
}
