package sshd

import (
	"maps"
	"slices"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// Members are the people of the directory that /etc/group lists in groups, by name: rules
// for a group apply to them before their first sign-in.
type Members map[string][]string

// readMembers reads group(5): NAME:PASSWORD:GID:USER,USER.
func readMembers(h *host.Host) Members {
	text, err := h.ReadFile("/etc/group", 16<<20)
	if err != nil {
		return nil // then nobody is known to be in one
	}
	m := Members{}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 4 || f[0] == "" {
			continue
		}
		for _, name := range strings.Split(f[3], ",") {
			if who, ok := gate.Named(name); ok && who.Name == name {
				m[name] = append(m[name], f[0])
			}
		}
	}
	return m
}

// mostMembers is the maximum number of members that are examined, each in different groups.
const mostMembers = 4

// choices are one member for each set of groups that the configuration distinguishes.
func (m Members) choices(c *Config) (out []choice) {
	patterns := c.groups()
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		var met []string
		for _, group := range m[name] {
			if slices.ContainsFunc(patterns, func(p string) bool { return MatchPattern(group, p) }) {
				met = append(met, group)
			}
		}
		who, _ := gate.Named(name)
		label := "are in the group " + strings.Join(met, " and ")
		if key := who.Kind.String() + label; len(met) > 0 && !seen[key] && len(out) < mostMembers {
			seen[key] = true
			out = append(out, choice{kind: who.Kind, user: name, account: gate.Account{Known: true, Groups: m[name]}, label: label})
		}
	}
	return out
}

// groups are the patterns of groups in the configuration.
func (c *Config) groups() (patterns []string) {
	for _, d := range c.Directives {
		if d.Keyword == "allowgroups" || d.Keyword == "denygroups" {
			patterns = append(patterns, d.Args...)
		}
	}
	for _, b := range c.Blocks {
		for key, value := range b.pairs() {
			if key != "group" {
				continue
			}
			for _, p := range split(value) {
				patterns = append(patterns, strings.TrimPrefix(p, "!"))
			}
		}
	}
	return patterns
}
