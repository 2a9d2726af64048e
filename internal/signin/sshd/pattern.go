package sshd

import (
	"fmt"
	"strings"
)

// matchPattern is match_pattern of OpenSSH: '*' stands for any text, '?' for
// one byte, and nothing is special about '@'.
func matchPattern(s, pattern string) bool {
	return matchBytes(s, pattern, func(in, want byte) bool { return in == want })
}

// matchBytes walks greedily with one place to come back to, so it takes at
// most len(s)*len(pattern) steps, whatever the pattern.
func matchBytes(s, pattern string, equal func(in, want byte) bool) bool {
	si, pi, star, mark := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case pi < len(pattern) && pattern[pi] == '*':
			star, mark = pi, si
			pi++
		case pi < len(pattern) && (pattern[pi] == '?' || equal(s[si], pattern[pi])):
			si++
			pi++
		case star >= 0:
			mark++
			si, pi = mark, star+1
		default:
			return false
		}
	}
	for pi < len(pattern) && pattern[pi] == '*' {
		pi++
	}
	return pi == len(pattern)
}

// matchList is match_pattern_list: a list separated by commas in which '!'
// excludes, and an exclusion wins over everything.
func matchList(s, list string) bool {
	found := false
	for _, pattern := range split(list) {
		negated := strings.HasPrefix(pattern, "!")
		if matchPattern(s, strings.TrimPrefix(pattern, "!")) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// reach is whom a pattern of AllowUsers or DenyUsers concerns.
type reach int

const (
	nobody   reach = iota // none of the users of the kind
	some                  // some of them, or only from some addresses
	everyone              // all of them
)

// reachOf says whether pattern concerns the probe's kind of user. It follows
// match_user of OpenSSH: what stands after an '@' is a pattern for the host
// that the person comes from, never a part of the name. So "*@example.com"
// means "everybody, if they connect from example.com". Where a pattern has
// more than one, sshd up to 9.2 takes the first and 10.0 takes the last (both
// seen); in between either is possible.
func reachOf(version, probe, pattern string) reach {
	first, last := strings.IndexByte(pattern, '@'), strings.LastIndexByte(pattern, '@')
	byFirst, byLast := reachAt(probe, pattern, first), reachAt(probe, pattern, last)
	major, minor, known := release(version)
	switch {
	case byFirst == byLast:
		return byFirst
	case known && major >= 10:
		return byLast
	case known && (major < 9 || major == 9 && minor <= 2):
		return byFirst
	}
	return some
}

// release takes "OpenSSH_9.2p1" apart.
func release(version string) (major, minor int, ok bool) {
	n, err := fmt.Sscanf(version, "OpenSSH_%d.%d", &major, &minor)
	return major, minor, err == nil && n == 2
}

// reachAt takes the '@' at a place for the one between name and host; -1: none.
func reachAt(probe, pattern string, at int) reach {
	if at < 0 {
		return reachOfName(probe, pattern)
	}
	r, from := reachOfName(probe, pattern[:at]), pattern[at+1:]
	if r == nobody || from == "*" {
		return r
	}
	if strings.Contains(from, "@") {
		return nobody // no host is called so
	}
	return some
}

// reachOfName looks at the part of a pattern that is compared with the name.
func reachOfName(probe, pattern string) reach {
	switch {
	case matchPattern(probe, pattern) && strings.Trim(pattern, "*?@-") == "":
		return everyone
	case matchPattern(probe, pattern) || couldMatch(probe, pattern):
		return some
	}
	return nobody
}

// couldMatch says whether some user of the probe's kind has a name that the
// pattern matches. A person's name has an '@' in it, so a pattern needs one,
// or a '*' that can stand for it; an application id is 36 hexadecimal digits
// and hyphens.
func couldMatch(probe, pattern string) bool {
	if probe != ServiceProbe {
		return strings.ContainsAny(pattern, "*@")
	}
	return matchBytes(probe, pattern, func(in, want byte) bool {
		if in == '0' {
			return strings.IndexByte("0123456789abcdef", want) >= 0
		}
		return in == want
	})
}
