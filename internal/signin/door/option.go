package door

import (
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
)

// option is a word that libwrap accepts after the clients of a rule.
type option struct {
	name     string
	value    bool // it needs a value
	none     bool // it takes none
	last     bool // it must be the last one
	outcome  gate.Outcome
	decides  bool                    // outcome is the result for the connection
	readable func(value string) bool // nil: every value is
}

// options is option_table of libwrap's options.c, with Debian's aclexec. A rule with an
// unknown option, or with a wrong use of one, ends the connection (process_options,
// tcpd_jump). user and group make sshd run as another user before it knows who connects.
func options() []option {
	return []option{
		{name: "allow", none: true, last: true, decides: true, outcome: gate.In},
		{name: "deny", none: true, last: true, decides: true, outcome: gate.Out},
		{name: "twist", value: true, last: true, decides: true, outcome: gate.Out},
		{name: "aclexec", value: true, decides: true, outcome: gate.NotKnown},
		{name: "user", value: true, decides: true, outcome: gate.NotKnown},
		{name: "group", value: true, decides: true, outcome: gate.NotKnown},
		{name: "spawn", value: true},
		{name: "banners", value: true},
		{name: "setenv", value: true},
		{name: "severity", value: true, readable: severity},
		{name: "linger", value: true, readable: number(10)},
		{name: "umask", value: true, readable: number(8)},
		{name: "nice", readable: number(10)},
		{name: "rfc931", readable: number(10)},
		{name: "keepalive", none: true},
	}
}

// turned is the result of a rule after its options.
func (r Rule) turned(outcome gate.Outcome) decision {
	for i, word := range r.Options {
		name, value := named(word)
		at := slices.IndexFunc(options(), func(o option) bool { return strings.EqualFold(o.name, name) })
		if at < 0 {
			return decision{outcome: gate.Out, rule: r, bad: word}
		}
		o := options()[at]
		switch {
		case o.value && value == "", o.none && value != "", o.last && i+1 < len(r.Options), value != "" && o.readable != nil && !o.readable(value):
			return decision{outcome: gate.Out, rule: r, bad: word}
		case o.decides:
			return decision{outcome: o.outcome, rule: r}
		}
	}
	return decision{outcome: outcome, rule: r}
}

// named splits an option at the blanks or the sign after its name.
func named(word string) (name, value string) {
	word = strings.TrimSpace(word)
	end := strings.IndexAny(word, "= \t")
	if end < 0 {
		return word, ""
	}
	return word[:end], strings.TrimSpace(strings.Replace(word[end:], "=", " ", 1))
}

func number(base int) func(string) bool {
	return func(s string) bool {
		_, err := strconv.ParseInt(s, base, 32)
		return err == nil
	}
}

// severity is "facility.level" or "level", with the names of syslog(3).
func severity(value string) bool {
	facility, level, both := strings.Cut(value, ".")
	if !both {
		facility, level = "auth", value
	}
	return slices.Contains(strings.Fields("auth authpriv cron daemon ftp kern lpr mail news security syslog user uucp local0 local1 local2 local3 local4 local5 local6 local7"), facility) &&
		slices.Contains(strings.Fields("alert crit debug emerg err error info notice panic warn warning"), level)
}
