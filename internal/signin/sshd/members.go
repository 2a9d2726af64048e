package sshd

import (
	"maps"
	"slices"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
)

// Members are the people of the directory whom /etc/group has in groups, by
// name: what stands for a group holds for them before they were ever here.
type Members map[string][]string

// lookMembers reads group(5): NAME:PASSWORD:GID:USER,USER.
func lookMembers(h *host.Host) Members {
	text, err := h.ReadFile("/etc/group", 16<<20)
	if err != nil {
		return nil // so nobody is known to be in one
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

// mostMembers are the members who are asked about, each in other groups.
const mostMembers = 4

// choices are a member for each of the sets of groups that the configuration
// tells apart.
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

// groups are the patterns of groups that the configuration compares with.
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
