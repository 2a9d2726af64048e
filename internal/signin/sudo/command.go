package sudo

import (
	"strings"
	"time"
)

// tags are what is said of a command before it, which holds for those behind it too.
type tags struct {
	_ [0]func() // never compared: no code for == is linked

	asks    bool // a password
	tagged  bool // by PASSWD or NOPASSWD
	records bool // LOG_INPUT or LOG_OUTPUT
	options map[string]string
}

// commands evaluates the last word that means "everything, as root".
func (r *reader) commands(p Place, s string) {
	t, runas := tags{asks: true, options: map[string]string{}}, true
	for _, one := range splitOutside(s, ',') {
		one = strings.TrimSpace(one)
		if strings.HasPrefix(one, "(") {
			end := strings.IndexByte(one, ')')
			if end < 0 {
				r.broken(p)
				return
			}
			users, _, _ := strings.Cut(one[1:end], ":")
			runas = r.has("runas", words(users), root) || strings.TrimSpace(one[1:end]) == ""
			one = strings.TrimSpace(one[end+1:])
		}
		one = t.before(one)
		yes, known := r.member("cmnd", []string{one}, func(string) bool { return false }, 0)
		if !known || !runas {
			continue
		}
		if why := t.untimely(r.m.Now); why != "" { // as if the rule were not there
			r.out.Untimely = &Place{File: p.File, Line: p.Line, Text: why}
			continue
		}
		r.out.Grants, r.out.Password, r.out.Rule = yes, t.asks, p
		r.rule = t
	}
}

// before reads the tags and options before a command, and returns the command.
func (t *tags) before(one string) (command string) {
	for {
		tag, rest, ok := strings.Cut(one, ":")
		tag = strings.TrimSpace(tag)
		if name, _, isOption := strings.Cut(tag, "="); isOption && name == strings.ToUpper(name) && name != "" {
			// "TYPE=x command": options end at a blank
			if option, after, ok := strings.Cut(one, " "); ok {
				t.options[name] = strings.Trim(strings.TrimPrefix(option, name+"="), `"`)
				one = strings.TrimSpace(after)
				continue
			}
		}
		if !ok || tag == "" || tag != strings.ToUpper(tag) || strings.ContainsAny(tag, "/ \\") {
			return one
		}
		switch tag {
		case "NOPASSWD":
			t.asks, t.tagged = false, true
		case "PASSWD":
			t.asks, t.tagged = true, true
		case "LOG_INPUT", "LOG_OUTPUT":
			t.records = true
		}
		one = strings.TrimSpace(rest)
	}
}

// untimely is the option by which a rule does not count at a time; "": it counts. A time
// that cannot be read is one that sudo refuses with the whole file, which visudo tells.
func (t *tags) untimely(now time.Time) string {
	for _, name := range []string{"NOTBEFORE", "NOTAFTER"} {
		at, ok := moment(t.options[name])
		if ok && !now.IsZero() && (name == "NOTBEFORE" && now.Before(at) || name == "NOTAFTER" && now.After(at)) {
			return name + "=" + t.options[name]
		}
	}
	return ""
}

// moment parses a time as sudoers(5) has it, from RFC 4517: "2017021408Z", with minutes,
// seconds and their fraction where they are given. Without Z it is the machine's own.
func moment(s string) (at time.Time, ok bool) {
	place := time.Local
	if bare, utc := strings.CutSuffix(s, "Z"); utc {
		s, place = bare, time.UTC
	}
	s, _, _ = strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	for _, layout := range []string{"20060102150405", "200601021504", "2006010215"} {
		for _, zoned := range []string{layout, layout + "-0700", layout + "-07"} {
			if at, err := time.ParseInLocation(zoned, s, place); err == nil {
				return at, true
			}
		}
	}
	return at, false
}
