package gate

import (
	"net/netip"
	"strings"
)

// Samples are addresses in a network: the first that a machine can have, the last, and
// those just outside each smaller network that parse finds in words. So one of them is in the network and in
// none of the others, if there is such an address at all.
func Samples(network netip.Prefix, words []string, parse func(string) (netip.Prefix, bool)) []netip.Addr {
	network = network.Masked()
	if network.IsSingleIP() {
		return []netip.Addr{network.Addr()}
	}
	out := []netip.Addr{network.Addr().Next(), last(network).Prev()}
	for _, w := range words {
		n, ok := parse(w)
		if n = n.Masked(); !ok || n.Bits() <= network.Bits() || !network.Contains(n.Addr()) {
			continue
		}
		for _, a := range []netip.Addr{last(n).Next().Next(), last(n).Next(), n.Addr().Prev()} {
			if a.IsValid() && network.Contains(a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// last is the highest address of a network.
func last(n netip.Prefix) netip.Addr {
	b := n.Addr().AsSlice()
	for i := n.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b) // it has the length of the address that it came from
	return a
}

// Network parses the forms in which access files name hosts: 10.0.0.0/255.255.255.0,
// 10.0.0.0/8, [fd00::]/64 and single addresses.
func Network(item string) (netip.Prefix, bool) {
	base, mask, masked := strings.Cut(item, "/")
	base = strings.TrimSuffix(strings.TrimPrefix(base, "["), "]")
	a, err := netip.ParseAddr(base)
	if err != nil {
		return netip.Prefix{}, false
	}
	if !masked {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	if p, err := netip.ParsePrefix(base + "/" + mask); err == nil {
		return p, true
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() || !a.Is4() {
		return netip.Prefix{}, false
	}
	bits := 0
	for _, b := range m.As4() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
	}
	return netip.PrefixFrom(a, bits), true
}
