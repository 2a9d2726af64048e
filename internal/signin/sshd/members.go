package sshd

import (
	"fmt"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/order"
	"aadsshlogin-handler/internal/signin/gate"
)

// Members are the people of the directory whom /etc/group has in groups, by
// name: a list of groups may let them in before they were ever here.
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

// passing are those whom a list of groups lets in: "a, b and 3 more"; "" where
// there are none.
func (m Members) passing(keyword string, list []string) string {
	var names []string
	for name, groups := range m {
		c := Connection{Account: gate.Account{Known: true, Groups: groups}}
		if c.passes(keyword, list) {
			names = append(names, name)
		}
	}
	order.By(names, strings.Compare)
	if more := len(names) - 2; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(slices.Clip(names[:2]), ", "), more)
	}
	return strings.Join(names, " and ")
}
