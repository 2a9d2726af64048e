// Package nss reads nsswitch.conf as the GNU C Library does, and says whether a
// name that only one service knows is found. It touches nothing. Where a comment
// names a file of C, it is glibc's.
package nss

import (
	"strings"
)

// status is how a service can answer; the order is that of Service.actions.
type status int

// The answers (nss/nss.h).
const (
	tryAgain status = iota
	unavailable
	notFound
	success
	statuses
)

// action is what follows an answer.
type action int

const (
	goOn action = iota
	stop
	merge
)

// Service is one word of a line, with what follows each of its answers.
type Service struct {
	_ [0]func() // never compared: no code for == is linked

	Name    string
	actions [statuses]action
}

// Line is what is in force for one database.
type Line struct {
	Number   int // 1 for the first; 0: there is no such line, and glibc's own default is in force
	Services []Service
	Again    bool // it overrules an earlier line
}

// Config is nsswitch.conf.
type Config struct {
	Databases map[string]Line
	// Broken is the first line that glibc cannot read; 0: there is none. Since
	// 2.33 no name at all is found then, whatever database the line is of.
	Broken int
	// Unended says that the last line has no line end, over which glibc since 2.33
	// leaves it out.
	Unended int
}

// Parse reads nsswitch.conf: with modern as glibc 2.33 and later does
// (nss/nss_database.c), without as the older ones did (nss/nsswitch.c). The
// latter know comments behind the services. A later line for a database wins.
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
		if end <= 0 || !known(line[:end]) { // a word alone too: "Syntax error. Skip this line."
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
			delete(c.Databases, line[:end]) // the default is in force again
			continue
		}
		_, again := c.Databases[line[:end]]
		c.Databases[line[:end]] = Line{Number: number, Services: services, Again: again}
	}
	return c
}

// spaces are those of isspace(3).
const spaces = " \t\n\v\f\r"

// known says whether glibc reads the services of a database (nss/databases.def).
// Lines of others, such as "sudoers" and "automount", are not looked at.
func known(database string) bool {
	switch database {
	case "aliases", "ethers", "group", "group_compat", "gshadow", "hosts", "initgroups", "netgroup", "networks",
		"passwd", "passwd_compat", "protocols", "publickey", "rpc", "services", "shadow", "shadow_compat":
		return true
	}
	return false
}

// parseServices is nss_action_parse: SERVICE [ [!]STATUS=ACTION ... ] ...
// ok is false where it ends at an error; the services before that are returned.
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

// criteria reads what stands in the brackets, and returns what follows them.
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

// Of is the line of a database; where there is none, glibc asks files.
func (c Config) Of(database string) Line {
	if l, ok := c.Databases[database]; ok {
		return l
	}
	files := Service{Name: "files"}
	files.actions[success] = stop
	return Line{Services: []Service{files}}
}

// Lookup is whether a name is found.
type Lookup int

// The verdicts.
const (
	Found  Lookup = iota
	Lost          // the search ends before the service is asked, or goes on behind it
	Absent        // the service is not in the line
	NotKnown
)

// Search says whether a name that only the service owner knows is found through
// a line, and which other service decides that. installed says whether a service
// has a library here.
func (l Line) Search(owner string, installed func(service string) bool) (v Lookup, by string) {
	v = Absent
	unsure := ""
	for i, s := range l.Services {
		if s.Name == owner {
			switch {
			case v == Lost:
				return Lost, by
			case s.actions[success] != stop && i+1 < len(l.Services):
				return Lost, l.Services[i+1].Name // what the next one says counts
			case unsure != "":
				return NotKnown, unsure
			}
			return Found, ""
		}
		if v == Lost {
			continue // only to find out whether the owner stands there at all
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

// Behind says whether a service stands behind another one in the line.
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

// withoutName is what can follow when a service does not have a name: local
// ones say so; others may also be out of reach, which is not known here.
func (s Service) withoutName(installed bool) (ends, goesOn bool) {
	possible := []status{notFound, unavailable, tryAgain}
	switch {
	case !installed:
		possible = []status{unavailable}
	case s.Name == "files" || s.Name == "compat" || s.Name == "systemd" || s.Name == "db" || s.Name == "extrausers":
		possible = []status{notFound}
	}
	for _, p := range possible {
		// Without a library, only "continue" goes on (__nss_lookup).
		if act := s.actions[p]; act == stop || !installed && act != goOn {
			ends = true
		} else {
			goesOn = true
		}
	}
	return ends, goesOn
}
