package host

import (
	"net"
	"net/netip"
)

// Addresses are those of the machine's network interfaces that are up, without
// what the loopback interface carries. None where they cannot be had, or where
// the machine is only a folder.
func (h *Host) Addresses() (out []netip.Addr) {
	if h.Root != "" {
		return nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
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
