package sshd

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
)

// Connection is somebody who connects, in as much as sshd's configuration can
// tell it from others.
type Connection struct {
	Person  gate.Person
	User    string       // the name that is given
	Account gate.Account // of that user, where it is somebody in particular
	Addr    netip.Addr   // where the person comes from
	Host    string       // that address's name; the address itself where sshd asks no name service (UseDNS)
	Local   netip.AddrPort
	Labels  []string // what is particular about it, in words that can follow "people who"; none: what most connections are like
	More    int      // labels that were left out
}

// Spec is the connection as sshd's option -C takes it (sshd(8)). sshd before
// OpenSSH 7.9 refuses one without user, host and address; every sshd ends with
// an error where a Match names a criterion that is not in here. rdomain came
// with 7.7, and an sshd that does not know it refuses the word.
func (c *Connection) Spec(rdomain bool) string {
	s := fmt.Sprintf("user=%s,host=%s,addr=%s,laddr=%s,lport=%d", c.User, c.Host, c.Addr, c.Local.Addr(), c.Local.Port())
	if rdomain {
		s += ",rdomain=" // the default one has no name
	}
	return s
}

// ExampleSpec is an ordinary connection of a person, for a command that people
// can type.
func ExampleSpec() string {
	return "user=" + PersonProbe + ",host=198.51.100.23,addr=198.51.100.23,laddr=10.0.0.4,lport=22"
}

// whom is the connection in words, "people who connect from 10.8.0.0/24".
func (c *Connection) whom() string {
	if len(c.Labels) == 0 {
		return ""
	}
	words := c.Labels[0]
	if len(c.Labels) > 1 {
		words += " or who " + c.Labels[1]
	}
	if n := c.More + len(c.Labels) - 2; n > 0 {
		words += " (and " + strconv.Itoa(n) + " more like them)"
	}
	return "people who " + words
}

// matchAddress is addr_match_list of OpenSSH: networks, addresses and patterns
// with wildcards, in which '!' excludes and wins.
func matchAddress(a netip.Addr, list string) bool {
	found := false
	for _, p := range split(list) {
		p, negated := strings.CutPrefix(p, "!")
		if matchOneAddress(a, p) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

func matchOneAddress(a netip.Addr, p string) bool {
	if network, ok := parseNetwork(p); ok {
		return network.Contains(a)
	}
	return MatchPattern(a.String(), p)
}

// parseNetwork reads "10.0.0.0/8" and "10.0.0.1".
func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p, true
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// matchUser is match_user of OpenSSH, by which AllowUsers and DenyUsers go: what
// stands after an '@' is a pattern for where the person comes from. Of several
// '@', sshd up to 9.2 takes the first and 10.0 takes the last (both seen); known
// is false where that makes a difference and the version does not say which.
func matchUser(version string, c Connection, pattern string) (matches, known bool) {
	first, last := strings.IndexByte(pattern, '@'), strings.LastIndexByte(pattern, '@')
	byFirst, byLast := matchUserAt(c, pattern, first), matchUserAt(c, pattern, last)
	major, minor, ok := release(version)
	switch {
	case byFirst == byLast:
		return byFirst, true
	case ok && major >= 10:
		return byLast, true
	case ok && (major < 9 || major == 9 && minor <= 2):
		return byFirst, true
	}
	return false, false
}

func matchUserAt(c Connection, pattern string, at int) bool {
	if at < 0 {
		return MatchPattern(c.User, pattern)
	}
	return MatchPattern(c.User, pattern[:at]) && matchFrom(c, pattern[at+1:])
}

// matchFrom is match_host_and_ip of OpenSSH.
func matchFrom(c Connection, list string) bool {
	byAddress, byName := false, false
	for _, p := range split(list) {
		p, negated := strings.CutPrefix(p, "!")
		address, name := matchOneAddress(c.Addr, p), MatchPattern(strings.ToLower(c.Host), strings.ToLower(p))
		if negated && (address || name) {
			return false
		}
		byAddress, byName = byAddress || address, byName || name
	}
	return byAddress || byName
}
