package sshd

import (
	"net/netip"
	"slices"

	"aadssh/internal/host"
	"aadssh/internal/order"
)

// readAddresses are the machine's own addresses that can be reached from outside: sorted,
// without loopback and link-local ones.
func readAddresses(h *host.Host) []netip.Addr {
	out := slices.DeleteFunc(h.Addresses(""), func(a netip.Addr) bool {
		return a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified()
	})
	order.By(out, netip.Addr.Compare)
	return slices.Compact(out)
}
