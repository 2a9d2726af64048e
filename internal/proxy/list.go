package proxy

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The lists of the variable no_proxy: what is not to be asked through a proxy.
// There is no standard for them. What curl or Go's clients understand is
// understood here (curl: docs/cmdline-opts/noproxy.md;
// golang.org/x/net/http/httpproxy, Config.NoProxy).

// Split is a list in its entries. They stand between commas or blanks.
func Split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// Join is one list of the entries of several, each once and in their order. It
// has commas alone, because apt knows no blanks.
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

// Excepts reports whether a list has an address in it.
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

// excepts: an entry is *, an address, a network, or a name, which stands for
// all names below it too; *.example.com stands for those alone. All but a
// network may have a port.
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
	if !named { // an address has many spellings, and nothing is below it
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

// withoutPort takes a port off an entry: NAME:PORT, or [ADDRESS]:PORT where the
// address has colons of its own.
func withoutPort(entry string) (name, port string) {
	if inner, rest, found := strings.Cut(strings.TrimPrefix(entry, "["), "]"); found && entry[0] == '[' {
		return inner, strings.TrimPrefix(rest, ":")
	}
	if name, port, found := strings.Cut(entry, ":"); found && !strings.Contains(port, ":") {
		return name, port
	}
	return entry, ""
}
