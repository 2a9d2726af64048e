package sshd

import (
	"net/netip"
	"slices"
	"strconv"

	"aadssh/internal/order"
)

// configured are the addresses and ports on which sshd listens according to its
// configuration (sshd_config(5)): a ListenAddress without a port applies to all Ports, and
// without ListenAddress every address is meant.
func (f *Facts) configured() (out []netip.AddrPort) {
	if len(f.Users) > 0 {
		for _, a := range f.Users[0].List("listenaddress") {
			if at, err := netip.ParseAddrPort(a); err == nil {
				out = append(out, at)
			}
		}
		return out
	}
	var ports []uint16
	var addresses []string
	for _, d := range f.Config.Directives {
		if d.Block != nil || len(d.Args) == 0 {
			continue
		}
		switch d.Keyword {
		case "port":
			if n, err := strconv.ParseUint(d.Args[0], 10, 16); err == nil {
				ports = append(ports, uint16(n))
			}
		case "listenaddress":
			addresses = append(addresses, d.Args[0])
		}
	}
	if len(ports) == 0 {
		ports = []uint16{22}
	}
	if len(addresses) == 0 {
		addresses = []string{"0.0.0.0", "::"}
	}
	for _, a := range addresses {
		if at, err := netip.ParseAddrPort(a); err == nil {
			out = append(out, at)
		} else if addr, err := netip.ParseAddr(a); err == nil {
			for _, p := range ports {
				out = append(out, netip.AddrPortFrom(addr, p))
			}
		}
	}
	return out
}

// sockets are what people can connect to: those of the socket unit if one is active, which
// sshd takes over when it starts; sshd's own; otherwise those of another program on its
// ports; otherwise what the configuration says.
func (f *Facts) sockets() []netip.AddrPort {
	if open := f.Daemon.Unit.reached(); len(open) > 0 {
		return open
	}
	if len(f.Daemon.Own) > 0 {
		return f.Daemon.Own
	}
	want := f.configured()
	var open []netip.AddrPort
	for _, a := range f.Daemon.Listening {
		if slices.ContainsFunc(want, func(w netip.AddrPort) bool { return w.Port() == a.Port() }) {
			open = append(open, a)
			if a.Addr() == netip.IPv6Unspecified() { // a socket unit accepts both families (systemd.socket(5), BindIPv6Only=)
				open = append(open, netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port()))
			}
		}
	}
	if len(open) > 0 {
		return open
	}
	return want
}

// Port is the first port that people connect to.
func (f *Facts) Port() uint16 { return f.endpoints()[0].Port() }

// endpoints are the addresses and ports of this machine that people connect to. Loopback
// counts only on an Arc-enabled server. An IPv6 address that is only valid in the machine's
// own network does not count if there is another address.
func (f *Facts) endpoints() []netip.AddrPort {
	own := f.Own
	if f.Arc {
		own = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	}
	var out, inside []netip.AddrPort
	four := false
	for _, s := range f.sockets() {
		for _, a := range own {
			if a.Is4() != s.Addr().Is4() || !s.Addr().IsUnspecified() && s.Addr() != a {
				continue
			}
			four = four || a.Is4()
			if at := netip.AddrPortFrom(a, s.Port()); a.Is6() && (a.IsPrivate() || f.Arc) {
				inside = append(inside, at)
			} else {
				out = append(out, at)
			}
		}
	}
	if !four || f.One != nil && f.One.From.Is6() {
		out = append(out, inside...)
	}
	if len(out) == 0 { // nobody can connect, but the configuration for them can still be examined
		a := netip.MustParseAddr("127.0.0.1")
		if len(f.Own) > 0 {
			a = f.Own[0]
		}
		port := uint16(22)
		if c := f.configured(); len(c) > 0 {
			port = c[0].Port()
		}
		out = append(out, netip.AddrPortFrom(a, port))
	}
	order.By(out, netip.AddrPort.Compare)
	return slices.Compact(out)
}
