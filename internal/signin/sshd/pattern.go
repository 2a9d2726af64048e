package sshd

import (
	"strconv"
	"strings"
)

// MatchPattern is match_pattern of OpenSSH: '*' matches any text, '?' matches one byte, and
// '@' is not special.
func MatchPattern(s, pattern string) bool {
	return matchBytes(s, pattern, func(in, want byte) bool { return in == want })
}

// matchBytes matches greedily and remembers one position to return to, so it takes at most
// len(s)*len(pattern) steps, whatever the pattern.
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

// matchList is match_pattern_list: a comma-separated list in which '!' excludes, and an
// exclusion wins over everything.
func matchList(s, list string) bool {
	found := false
	for _, pattern := range split(list) {
		negated := strings.HasPrefix(pattern, "!")
		if MatchPattern(s, strings.TrimPrefix(pattern, "!")) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// release parses "OpenSSH_9.2p1".
func release(version string) (major, minor int, ok bool) {
	rest, named := strings.CutPrefix(version, "OpenSSH_")
	first, second, dotted := strings.Cut(rest, ".")
	if end := strings.IndexFunc(second, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		second = second[:end]
	}
	major, err := strconv.Atoi(first)
	minor, none := strconv.Atoi(second)
	return major, minor, named && dotted && err == nil && none == nil
}
