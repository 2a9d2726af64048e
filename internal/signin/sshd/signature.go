package sshd

import (
	"slices"
	"strconv"
	"strings"
)

// listed reports keywords of which every line counts; of others only the first does
// (sshd_config(5)).
func listed(keyword string) bool {
	return slices.Contains([]string{"allowusers", "denyusers", "allowgroups", "denygroups"}, keyword)
}

// decides reports whether a directive can decide about a sign-in and may differ between
// connections.
func decides(keyword string) bool {
	return listed(keyword) || slices.Contains([]string{
		"authenticationmethods", "authorizedkeyscommand", "authorizedkeyscommanduser", "casignaturealgorithms", "chrootdirectory",
		"forcecommand", "maxauthtries", "maxsessions", "pamservicename", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes", "pubkeyauthentication",
		"refuseconnection", "requiredrsasize", "revokedkeys", "setenv", "usepam",
	}, keyword)
}

// signature is what the files say for a connection, so that of two with the same signature
// only one has to be examined. sshd's own answer counts; this only saves questions.
func (c *Config) signature(of Connection) string {
	fates := make([]fate, len(c.Blocks))
	for i, b := range c.Blocks {
		fates[i] = b.applies(&of)
	}
	var b strings.Builder
	b.WriteString(of.Person.String())
	seen := map[string]bool{}
	var global []Directive
	add := func(d Directive) {
		if listed(d.Keyword) || !seen[d.Keyword] {
			seen[d.Keyword] = true
			b.WriteString("\n" + d.Keyword + " " + strings.Join(d.Args, " "))
		}
		if strings.HasSuffix(d.Keyword, "groups") && of.Account.Known {
			b.WriteString(" passes " + strconv.FormatBool(of.passes(d.Keyword, d.Args)))
		}
		if d.Keyword == "allowusers" || d.Keyword == "denyusers" {
			for _, pattern := range d.Args {
				for _, version := range []string{"OpenSSH_9.2", "OpenSSH_10.0"} { // the two readings of several '@'
					if met, _ := matchUser(version, of, pattern); met {
						b.WriteString(" met " + version + strconv.Quote(pattern))
					}
				}
			}
		}
	}
	for _, d := range c.Directives {
		switch {
		case !decides(d.Keyword):
		case d.Block == nil:
			global = append(global, d)
		case fates[d.Block.at] != no:
			add(d)
		}
	}
	for _, d := range global { // a Match block wins over the lines outside blocks
		add(d)
	}
	return b.String()
}
