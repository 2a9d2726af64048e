package sshd

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
)

// Connection is somebody who connects, with the properties that sshd's configuration can
// distinguish.
type Connection struct {
	Person  gate.Person
	User    string       // the given user name
	Account gate.Account // of that user, if a single person is examined
	Addr    netip.Addr   // the address that the person connects from
	Host    string       // the name of that address; the address itself if sshd looks up no names (UseDNS)
	Local   netip.AddrPort
	Labels  []string // what is particular about it, in words that can follow "people who"; none: like most connections
	More    int      // labels that were left out
}

// Spec is the connection in the format of sshd's option -C (sshd(8)). sshd before OpenSSH
// 7.9 rejects it without user, host and address; every sshd fails if a Match uses a
// criterion that is missing here. rdomain was added in 7.7, and an older sshd rejects it.
func (c *Connection) Spec(rdomain bool) string {
	s := fmt.Sprintf("user=%s,host=%s,addr=%s,laddr=%s,lport=%d", c.User, c.Host, c.Addr, c.Local.Addr(), c.Local.Port())
	if rdomain {
		s += ",rdomain=" // the default domain has no name
	}
	return s
}

// ExampleSpec is an ordinary connection of a person, for a command that people can run.
func ExampleSpec() string {
	return "user=" + gate.HumanProbe + ",host=198.51.100.23,addr=198.51.100.23,laddr=10.0.0.4,lport=22"
}

// whom describes the connection, "people who connect from 10.8.0.0/24".
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

// matchAddress is addr_match_list of OpenSSH: networks, addresses and patterns with
// wildcards, in which '!' excludes and wins.
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

// parseNetwork parses "10.0.0.0/8" and "10.0.0.1".
func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p, true
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// matchUser is match_user of OpenSSH, used for AllowUsers and DenyUsers: the part after an
// '@' is a pattern for where the person connects from. Of several '@', sshd up to 9.2 uses
// the first and 10.0 uses the last (both seen); known is false if that makes a difference
// and the version does not show which.
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
