package firewall

import (
	"math/big"
	"net/netip"
	"slices"

	"aadssh/internal/order"
)

// region is a range of addresses that no rule distinguishes.
type region struct{ first, last netip.Addr }

func of(p netip.Prefix) region {
	p = p.Masked()
	last := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 1 << (7 - bit%8)
	}
	end, _ := netip.AddrFromSlice(last)
	return region{p.Addr(), end}
}

func (r region) contains(a netip.Addr) bool {
	return r.first.BitLen() == a.BitLen() && r.first.Compare(a) <= 0 && a.Compare(r.last) <= 0
}

func (r region) size() *big.Int {
	first, last := new(big.Int).SetBytes(r.first.AsSlice()), new(big.Int).SetBytes(r.last.AsSlice())
	return last.Sub(last, first)
}

// nobodys are addresses from which no connection comes (RFC 6890).
func nobodys() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/3", "fe80::/10", "ff00::/8"} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// most is how many networks are distinguished. If the rules have more, the rest counts as
// part of the network around it.
const most = 512

// regions splits the addresses of one IP version wherever a rule does.
func regions(four bool, rulesets []Ruleset) []region {
	whole := of(netip.MustParsePrefix("::/0"))
	if four {
		whole = of(netip.MustParsePrefix("0.0.0.0/0"))
	}
	starts := []netip.Addr{whole.first}
	cut := func(r region) {
		if r.first.Is4() == four && len(starts) < 2*most {
			starts = append(starts, r.first)
			if next := r.last.Next(); next.IsValid() {
				starts = append(starts, next)
			}
		}
	}
	for _, p := range nobodys() {
		cut(of(p))
	}
	for _, set := range rulesets {
		for _, r := range set.networks {
			cut(r)
		}
	}
	order.By(starts, netip.Addr.Compare)
	starts = slices.Compact(starts)
	var all []region
	for i, first := range starts {
		last := whole.last
		if i+1 < len(starts) {
			last = starts[i+1].Prev()
		}
		if !slices.ContainsFunc(nobodys(), func(p netip.Prefix) bool { return p.Contains(first) }) {
			all = append(all, region{first, last})
		}
	}
	return all
}

// networks are regions as prefixes, with adjacent ones joined.
func networks(all []region) []string {
	var joined []region
	for _, r := range all {
		if n := len(joined); n > 0 && joined[n-1].last.Next() == r.first {
			joined[n-1].last = r.last
			continue
		}
		joined = append(joined, r)
	}
	var words []string
	for _, r := range joined {
		for first := r.first; first.IsValid() && first.Compare(r.last) <= 0; {
			p := largest(first, r.last)
			words = append(words, p.String())
			first = of(p).last.Next()
		}
	}
	return words
}

// largest is the widest prefix that begins with first and does not exceed last.
func largest(first, last netip.Addr) netip.Prefix {
	for bits := 0; ; bits++ {
		if p := netip.PrefixFrom(first, bits); p.Masked() == p && of(p).last.Compare(last) <= 0 {
			return p
		}
	}
}
