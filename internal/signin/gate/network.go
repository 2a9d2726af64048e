package gate

import "net/netip"

// Samples are addresses of a network: the first that a machine can have, the
// last, and those just outside of each smaller network in it that somebody names.
// So one of them is in the network and in none of the others, where there is such
// an address at all.
func Samples(network netip.Prefix, named []netip.Prefix) []netip.Addr {
	network = network.Masked()
	if network.IsSingleIP() {
		return []netip.Addr{network.Addr()}
	}
	out := []netip.Addr{network.Addr().Next(), last(network).Prev()}
	for _, n := range named {
		if n = n.Masked(); n.Bits() <= network.Bits() || !network.Contains(n.Addr()) {
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
	a, _ := netip.AddrFromSlice(b) // as long as the one it came from
	return a
}
