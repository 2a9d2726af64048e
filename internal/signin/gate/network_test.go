package gate

import (
	"net/netip"
	"slices"
	"testing"
)

// One of the samples is in the network and in none of those that take a part away.
func TestSamples(t *testing.T) {
	for _, c := range []struct {
		network string
		without []string
		none    bool // the others cover all of it
	}{
		{"10.0.0.0/8", nil, false},
		{"10.0.0.0/8", []string{"10.0.0.0/24"}, false},
		{"10.0.0.0/8", []string{"10.0.0.0/9"}, false},
		{"10.0.0.0/8", []string{"10.0.0.0/24", "10.255.255.0/24"}, false},
		{"10.0.0.0/30", []string{"10.0.0.1/32"}, false},
		{"10.0.0.0/31", nil, false},
		{"10.0.0.7/32", nil, false},
		{"10.0.0.0/8", []string{"10.0.0.0/9", "10.128.0.0/9"}, true},
		{"2001:db8::/32", []string{"2001:db8::/48"}, false},
		{"0.0.0.0/0", []string{"0.0.0.0/1"}, false},
	} {
		network := netip.MustParsePrefix(c.network)
		var without []netip.Prefix
		for _, w := range c.without {
			without = append(without, netip.MustParsePrefix(w))
		}
		parse := func(w string) (netip.Prefix, bool) { p, err := netip.ParsePrefix(w); return p, err == nil }
		all := Samples(network, append(c.without, "no network"), parse)
		found := slices.ContainsFunc(all, func(a netip.Addr) bool {
			return network.Contains(a) && !slices.ContainsFunc(without, func(n netip.Prefix) bool { return n.Contains(a) })
		})
		if found == c.none {
			t.Errorf("%s without %s: %v", c.network, c.without, all)
		}
		for _, a := range all {
			if !network.Contains(a) {
				t.Errorf("%s is not in %s", a, c.network)
			}
		}
	}
}
