// Package nss reads nsswitch.conf as the GNU C Library does, and reports whether a name is
// found that only one service knows. It reads no files itself. C source files named in
// comments are glibc's.
package nss

import (
	"strings"
)

// status is a possible answer of a service; the order is that of Service.actions.
type status int

// The answers (nss/nss.h).
const (
	tryAgain status = iota
	unavailable
	notFound
	success
	statuses
)

// action is what an answer leads to.
type action int

const (
	goOn action = iota
	stop
	merge
)

// Service is one service in a line, with the action for each of its answers.
type Service struct {
	_ [0]func() // never compared: no code for == is linked

	Name    string
	actions [statuses]action
}

// Line is what is effective for one database.
type Line struct {
	Number   int // 1 is the first; 0: there is no such line, and glibc's own default is effective
	Services []Service
	Again    bool // it overrides an earlier line
}

// Config is the content of nsswitch.conf.
type Config struct {
	Databases map[string]Line
	// Broken is the first line that glibc cannot parse; 0: there is none. Since 2.33 such a
	// line makes all lookups fail, whatever its database.
	Broken int
	// Unended says that the last line has no newline, because of which glibc since 2.33
	// ignores it.
	Unended int
}

// Parse parses nsswitch.conf: with modern as glibc 2.33 and later does
// (nss/nss_database.c), otherwise as older versions did (nss/nsswitch.c), which accept
// comments after the services. A later line for a database wins.
func Parse(text []byte, modern bool) Config {
	c := Config{Databases: map[string]Line{}}
	number := 0
	for raw := range strings.Lines(string(text)) {
		number++
		if modern && !strings.HasSuffix(raw, "\n") {
			c.Unended = number
			break
		}
		if !modern {
			raw, _, _ = strings.Cut(raw, "#")
		}
		line := strings.TrimLeft(raw, spaces)
		end := strings.IndexAny(line, spaces+":")
		if end <= 0 || !known(line[:end]) { // a single word too: "Syntax error. Skip this line."
			continue
		}
		rest := line[end+1:]
		if modern {
			rest = strings.TrimLeft(line[end:], spaces+":")
		}
		services, ok := parseServices(rest)
		if !ok && modern {
			c.Broken = number
			return c
		}
		if !ok && c.Broken == 0 {
			c.Broken = number
		}
		if !modern && len(services) == 0 {
			delete(c.Databases, line[:end]) // the default is effective again
			continue
		}
		_, again := c.Databases[line[:end]]
		c.Databases[line[:end]] = Line{Number: number, Services: services, Again: again}
	}
	return c
}

// spaces are the characters of isspace(3).
const spaces = " \t\n\v\f\r"

// known reports whether glibc uses a database (nss/databases.def). Lines of others, such as
// "sudoers" and "automount", are ignored.
func known(database string) bool {
	switch database {
	case "aliases", "ethers", "group", "group_compat", "gshadow", "hosts", "initgroups", "netgroup", "networks",
		"passwd", "passwd_compat", "protocols", "publickey", "rpc", "services", "shadow", "shadow_compat":
		return true
	}
	return false
}

// parseServices is nss_action_parse: SERVICE [ [!]STATUS=ACTION ... ] ... If it ends at an
// error, ok is false, and the services before it are returned.
func parseServices(s string) (all []Service, ok bool) {
	for {
		s = strings.TrimLeft(s, spaces)
		end := strings.IndexAny(s, spaces+"[")
		if end < 0 {
			end = len(s)
		}
		if end == 0 {
			return all, true // also at a "[" that follows nothing
		}
		one := Service{Name: s[:end]}
		one.actions[success] = stop
		if s = strings.TrimLeft(s[end:], spaces); strings.HasPrefix(s, "[") {
			if s, ok = one.criteria(strings.TrimLeft(s[1:], spaces)); !ok {
				return all, false
			}
		}
		all = append(all, one)
	}
}

// criteria parses the part in brackets, and returns what follows it.
func (one *Service) criteria(s string) (rest string, ok bool) {
	for {
		negated := strings.HasPrefix(s, "!")
		s = strings.TrimPrefix(s, "!")
		name, after := word(s)
		which, ok := statusOf(name)
		after = strings.TrimLeft(after, spaces)
		if !ok || !strings.HasPrefix(after, "=") {
			return "", false
		}
		name, after = word(strings.TrimLeft(after[1:], spaces))
		act, ok := actionOf(name)
		if !ok {
			return "", false
		}
		if negated {
			kept := one.actions[which]
			for i := range one.actions {
				one.actions[i] = act
			}
			one.actions[which] = kept
		} else {
			one.actions[which] = act
		}
		if s = strings.TrimLeft(after, spaces); strings.HasPrefix(s, "]") {
			return s[1:], true
		}
	}
}

func word(s string) (w, rest string) {
	end := strings.IndexAny(s, spaces+"=]")
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

func statusOf(name string) (status, bool) {
	for i, n := range []string{"TRYAGAIN", "UNAVAIL", "NOTFOUND", "SUCCESS"} {
		if strings.EqualFold(name, n) {
			return status(i), true
		}
	}
	return 0, false
}

func actionOf(name string) (action, bool) {
	for i, n := range []string{"CONTINUE", "RETURN", "MERGE"} {
		if strings.EqualFold(name, n) {
			return action(i), true
		}
	}
	return 0, false
}

// Of is the line of a database; without one, glibc uses files.
func (c Config) Of(database string) Line {
	if l, ok := c.Databases[database]; ok {
		return l
	}
	files := Service{Name: "files"}
	files.actions[success] = stop
	return Line{Services: []Service{files}}
}

// Lookup is the result for a name.
type Lookup int

// The verdicts.
const (
	Found  Lookup = iota
	Lost          // the search ends before the service, or continues after it
	Absent        // the service is not in the line
	NotKnown
)

// Search reports whether a name that only the service owner knows is found with a line, and
// which other service decides that. installed reports whether a service has a library on
// this machine.
func (l Line) Search(owner string, installed func(service string) bool) (v Lookup, by string) {
	v = Absent
	unsure := ""
	for i, s := range l.Services {
		if s.Name == owner {
			switch {
			case v == Lost:
				return Lost, by
			case s.actions[success] != stop && i+1 < len(l.Services):
				return Lost, l.Services[i+1].Name // the answer of the next service counts
			case unsure != "":
				return NotKnown, unsure
			}
			return Found, ""
		}
		if v == Lost {
			continue // only to find out whether the owner is in the line at all
		}
		ends, goesOn := s.withoutName(installed(s.Name))
		switch {
		case ends && !goesOn:
			v, by = Lost, s.Name
		case ends && unsure == "":
			unsure = s.Name
		}
	}
	return Absent, ""
}

// Behind reports whether a service is listed after another one in the line.
func (l Line) Behind(service, other string) bool {
	seen := false
	for _, s := range l.Services {
		if s.Name == service {
			return seen
		}
		seen = seen || s.Name == other
	}
	return false
}

// withoutName is what may follow if a service does not have a name: local ones report that;
// others may be unreachable, which is not known here.
func (s Service) withoutName(installed bool) (ends, goesOn bool) {
	possible := []status{notFound, unavailable, tryAgain}
	switch {
	case !installed:
		possible = []status{unavailable}
	case s.Name == "files" || s.Name == "compat" || s.Name == "systemd" || s.Name == "db" || s.Name == "extrausers":
		possible = []status{notFound}
	}
	for _, p := range possible {
		// Without a library, only "continue" continues (__nss_lookup).
		if act := s.actions[p]; act == stop || !installed && act != goOn {
			ends = true
		} else {
			goesOn = true
		}
	}
	return ends, goesOn
}
