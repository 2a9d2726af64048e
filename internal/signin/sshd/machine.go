package sshd

import (
	"net/netip"
	"slices"

	"aadssh/internal/host"
	"aadssh/internal/order"
)

// lookAddresses are the machine's own addresses, without those that nobody can
// come by from outside: sorted, loopback and link-local left out.
func lookAddresses(h *host.Host) []netip.Addr {
	out := slices.DeleteFunc(h.Addresses(), func(a netip.Addr) bool {
		return a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified()
	})
	order.By(out, netip.Addr.Compare)
	return slices.Compact(out)
}
