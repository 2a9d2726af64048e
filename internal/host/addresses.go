package host

import (
	"net"
	"net/netip"
)

// Addresses are those of a network interface if it is up; without a name, of all but the
// loopback interface. There are none if they cannot be read, or if the machine is only a folder.
func (h *Host) Addresses(on string) (out []netip.Addr) {
	if h.Root != "" {
		return nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || on == "" && i.Flags&net.FlagLoopback != 0 || on != "" && on != i.Name {
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
