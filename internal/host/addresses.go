package host

import (
	"net"
	"net/netip"
)

// Addresses are those of the machine's network interfaces that are up, except the loopback
// interface. There are none if they cannot be read, or if the machine is only a folder.
func (h *Host) Addresses() []netip.Addr {
	return h.addresses(func(i net.Interface) bool { return i.Flags&net.FlagLoopback == 0 })
}

// AddressesOn are those of one network interface, which may be the loopback interface.
func (h *Host) AddressesOn(name string) []netip.Addr {
	return h.addresses(func(i net.Interface) bool { return i.Name == name })
}

func (h *Host) addresses(of func(net.Interface) bool) (out []netip.Addr) {
	if h.Root != "" {
		return nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || !of(i) {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				out = append(out, p.Addr())
			}
		}
	}
	return out
}
