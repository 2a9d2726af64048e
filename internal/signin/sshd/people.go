package sshd

import (
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// people are a person whom no pattern matches, and one for each pattern that matches
// several people. An entry with a single name is intended.
func (p *patterns) people() []choice {
	var out []choice
	common := gate.Human.Probe()
	for _, name := range []string{common, "anna@example.net", "quentin@example.org", "7@test.invalid"} {
		if !slices.ContainsFunc(p.users, func(u string) bool { return !wide(u) && MatchPattern(name, u) }) {
			common = name
			break
		}
	}
	out = append(out, choice{user: common})
	for _, u := range p.users {
		if wide(u) || !strings.ContainsAny(u, "*?") || u == servicePattern {
			continue
		}
		if name, ok := p.nameFor(u); ok {
			out = append(out, choice{user: name, label: "have a name that matches " + u})
		}
	}
	return out
}

// nameFor is a user principal name that matches a pattern, and as few other patterns as
// possible, because others may exclude a part of it.
func (p *patterns) nameFor(pattern string) (string, bool) {
	var names []string
	for _, star := range []string{"someone", "anna", "quentin", "7", "one@example.com", "anna@example.com", "7@example.com", "a.example"} {
		for _, mark := range []string{"@", "x"} {
			name := strings.ReplaceAll(strings.ReplaceAll(pattern, "*", star), "?", mark)
			if strings.Count(name, "@") == 1 && MatchPattern(name, pattern) && MatchPattern(name, personPattern) {
				names = append(names, name)
			}
		}
	}
	return leastMatched(names, p.users, MatchPattern)
}

// leastMatched is the first of the values that match the fewest patterns.
func leastMatched[T any](values []T, patterns []string, matches func(T, string) bool) (best T, ok bool) {
	least := len(patterns) + 1
	for _, v := range values {
		n := 0
		for _, pattern := range patterns {
			if matches(v, pattern) {
				n++
			}
		}
		if n < least {
			best, least, ok = v, n, true
		}
	}
	return best, ok
}
