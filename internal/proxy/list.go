package proxy

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The format of the variable no_proxy: hosts that are not reached through a proxy. There is
// no standard for it. What curl or Go's clients accept is accepted here (curl:
// docs/cmdline-opts/noproxy.md; golang.org/x/net/http/httpproxy, Config.NoProxy).

// Split splits a list at commas and blanks.
func Split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// Join joins the entries of several lists, without duplicates and in order. It separates
// them by commas only, because apt does not support blanks.
func Join(lists ...string) string {
	var all []string
	for _, list := range lists {
		for _, entry := range Split(list) {
			if !slices.Contains(all, entry) {
				all = append(all, entry)
			}
		}
	}
	return strings.Join(all, ",")
}

// Excepts reports whether a list contains an address.
func Excepts(list string, address *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(address.Hostname()), ".")
	if host == "" {
		return false
	}
	port := address.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[address.Scheme]
	}
	return slices.ContainsFunc(Split(list), func(entry string) bool {
		return excepts(strings.ToLower(entry), host, port)
	})
}

// excepts: an entry is *, an address, a network, or a name, which also matches all names
// below it; *.example.com matches only those. All but a network may have a port.
func excepts(entry, host, port string) bool {
	if entry == "*" {
		return true
	}
	address, err := netip.ParseAddr(host)
	named := err != nil
	if network, err := netip.ParsePrefix(entry); err == nil {
		return network.Contains(address.Unmap())
	}
	name, only := withoutPort(entry)
	if only != "" && only != port {
		return false
	}
	if !named { // an address has many spellings, and no names below it
		a, err := netip.ParseAddr(name)
		return err == nil && a.Unmap() == address.Unmap()
	}
	name = strings.TrimSuffix(name, ".")
	if below, star := strings.CutPrefix(name, "*."); star {
		return below != "" && strings.HasSuffix(host, "."+below)
	}
	name = strings.TrimPrefix(name, ".")
	return name != "" && (host == name || strings.HasSuffix(host, "."+name))
}

// withoutPort removes a port from an entry: NAME:PORT, or [ADDRESS]:PORT if the address
// itself has colons.
func withoutPort(entry string) (name, port string) {
	if inner, rest, found := strings.Cut(strings.TrimPrefix(entry, "["), "]"); found && entry[0] == '[' {
		return inner, strings.TrimPrefix(rest, ":")
	}
	if name, port, found := strings.Cut(entry, ":"); found && !strings.Contains(port, ":") {
		return name, port
	}
	return entry, ""
}
