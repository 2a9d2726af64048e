package door

import (
	"net/netip"
	"strings"

	"aadssh/internal/signin/gate"
	"aadssh/internal/signin/sshd"
)

// service is the name that each of sshd's programs passes to libwrap, even those with
// another name (seen with OpenSSH 8.4, 9.2 and 10.0 of Debian).
const service = "sshd"

// answer is whether something matches. A client's name is what a name service returns for
// its address, which is not known here.
type answer int

const (
	no answer = iota
	perhaps
	yes
)

func of(b bool) answer {
	if b {
		return yes
	}
	return no
}

// client is somebody who connects, with a name if the pattern needs one.
type client struct {
	addr netip.Addr
	name string // empty: whatever the name service returns
}

// matches follows table_match of libwrap's hosts_access.c.
func (f *Facts) matches(r Rule, c client) answer {
	daemon := match(r.Daemons, func(item string) answer {
		if i := strings.LastIndexByte(item, '@'); i > 0 { // only if people connect to this address
			return min(perhaps, byText(item[:i], service))
		}
		if strings.HasPrefix(item, "/") {
			return f.inFile(item, client{name: service})
		}
		return byText(item, service)
	})
	return min(daemon, match(r.Clients, func(item string) answer { return f.client(item, c) }))
}

// match follows list_match, with what EXCEPT names excluded.
func match(l List, one func(item string) answer) answer {
	best := no
	for _, item := range l.Items {
		if best = max(best, one(item)); best == yes {
			break
		}
	}
	if best == no || l.Except == nil {
		return best
	}
	return min(best, yes-match(*l.Except, one))
}

// byText follows string_match.
func byText(pattern, text string) answer {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	switch {
	case pattern == "all":
		return yes
	case pattern == "known":
		return of(text != "unknown")
	case strings.HasPrefix(pattern, "."):
		return of(len(text) > len(pattern) && strings.HasSuffix(text, pattern))
	case strings.HasSuffix(pattern, "."):
		return of(strings.HasPrefix(text, pattern))
	case strings.ContainsAny(pattern, "*?"):
		return of(sshd.MatchPattern(text, pattern))
	}
	return of(pattern == text)
}

// client follows client_match and host_match.
func (f *Facts) client(item string, c client) answer {
	if i := strings.LastIndexByte(item, '@'); i > 0 {
		if strings.EqualFold(item[:i], "ALL") {
			return f.client(item[i+1:], c)
		}
		return min(perhaps, f.client(item[i+1:], c)) // only for a user of that name, according to the client's machine
	}
	switch {
	case strings.HasPrefix(item, "@"):
		return perhaps // a netgroup
	case strings.HasPrefix(item, "/"):
		return f.inFile(item, c)
	case strings.EqualFold(item, "LOCAL"):
		return c.byName(func(name string) bool { return !strings.Contains(name, ".") })
	case strings.EqualFold(item, "KNOWN"), strings.EqualFold(item, "UNKNOWN"), strings.EqualFold(item, "PARANOID"):
		return perhaps
	}
	if network, ok := gate.Network(item); ok {
		return of(network.Contains(c.addr))
	}
	if met := byText(item, c.addr.String()); met == yes || numeric(item) {
		return met
	}
	return c.byName(func(name string) bool { return byText(item, name) == yes })
}

// byName matches the client's name. A client without a name here is assumed to have one
// that no rule contains: a client that a rule is meant for has one.
func (c client) byName(met func(string) bool) answer {
	return of(c.name != "" && met(c.name))
}

// inFile follows hostfile_match: the file is a list of the same words.
func (f *Facts) inFile(name string, c client) answer {
	best := no
	for _, word := range strings.Fields(f.Lists[name]) {
		if strings.HasPrefix(word, "/") {
			continue
		}
		best = max(best, f.client(word, c))
	}
	return best
}

// numeric reports whether a pattern can only match addresses.
func numeric(item string) bool { return strings.Trim(item, "0123456789.*?:[]") == "" }
