package pam

import (
	"slices"
	"strconv"
	"strings"
)

// timeConf is modules/pam_time: a line of time.conf(5) that matches service, terminal and
// user denies at all times that it does not list.
func timeConf(c *call) answer {
	file := "/etc/security/time.conf"
	named := false
	for _, arg := range c.Args {
		if v, ok := strings.CutPrefix(arg, "conffile="); ok && v != "" {
			file, named = v, true
		}
	}
	f := c.m.File(file)
	if f.Missing() && !named {
		if v := "/usr/etc/security/time.conf"; c.m.File(v).Err == nil {
			file, f = v, c.m.File(v)
		}
	}
	a, judged := answer{codes: []Code{Success}}, 0
	for _, r := range timeRules(f.Text) {
		fits := logic(r.fields[0], func(w string) truth { return is(sameName(c.m.Service, w)) })
		fits = fits.and(logic(r.fields[1], func(w string) truth { return is(sameName(terminal, w)) }))
		fits = fits.and(c.timeUser(r.fields[2]))
		if fits == no {
			continue
		}
		ever, always := true, false
		if judged++; judged <= maxRules {
			ever, always = onTime(r.fields[3])
		}
		if always {
			continue
		}
		denied := answer{data: Problem{File: file, Line: r.line}, whom: true, codes: []Code{Success, permDenied},
			why:     "pam_time lets people in at some times only, by " + file + ":" + strconv.Itoa(r.line),
			fixLine: spare}
		if fits == yes && !ever {
			denied.codes, denied.whom = []Code{permDenied}, false
			denied.why = "pam_time denies at every time, by " + file + ":" + strconv.Itoa(r.line)
			return denied
		}
		a = denied
	}
	return a
}

func (c *call) timeUser(field string) truth {
	if strings.HasPrefix(field, "@") {
		return some // a netgroup
	}
	return logic(field, func(w string) truth {
		t := no
		hits := 0
		for _, n := range c.person.names {
			if sameName(n, w) {
				hits++
			}
		}
		switch {
		case hits == len(c.person.names):
			t = yes
		case hits > 0 || c.person.couldFit(w):
			t = some
		}
		return t
	})
}

// timeRule is one line of four fields.
type timeRule struct {
	_ [0]func() // never compared: no code for == is linked

	line   int
	fields [4]string
}

// timeRules reads a file as read_field and check_account do: fields end at semicolons,
// comments at line ends, and a backslash joins lines.
func timeRules(text []byte) (all []timeRule) {
	number := 0
	joined, first := "", 0
	for raw := range strings.Lines(string(text)) {
		number++
		raw = strings.TrimSuffix(raw, "\n")
		if joined == "" {
			first = number
		}
		body, _, commented := strings.Cut(raw, "#")
		if before, ok := strings.CutSuffix(body, `\`); ok && !commented {
			joined += before
			continue
		}
		fields := strings.Split(joined+body, ";")
		joined = ""
		if len(fields) != 4 {
			continue // "malformed rule", "poorly terminated rule", or an empty line
		}
		r := timeRule{line: first}
		for i, f := range fields {
			r.fields[i] = strings.Join(strings.Fields(f), " ")
		}
		all = append(all, r)
	}
	return all
}

// logic is logic_field: names, with "!" before them and "&" or "|" between them, evaluated
// from left to right.
func logic(s string, agrees func(string) truth) truth {
	left, and, not, wantValue := no, false, false, true
	for s != "" {
		switch c := s[0]; {
		case memberByte(c):
			end := 0
			for end < len(s) && memberByte(s[end]) {
				end++
			}
			if !wantValue {
				return no // "garbled syntax"
			}
			t := agrees(s[:end])
			if not {
				t = t.not()
			}
			if and {
				left = left.and(t)
			} else {
				left = left.or(t)
			}
			wantValue, s = false, s[end:]
			continue
		case c == '!' && wantValue:
			not = !not
		case (c == '&' || c == '|') && !wantValue:
			and, wantValue, not = c == '&', true, false
		case c == '&' || c == '|' || c == '!':
			return no
		}
		s = s[1:]
	}
	return left
}

func memberByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("*_-./:", c) >= 0
}

// sameName is is_same: a star matches everything up to what follows it.
func sameName(a, b string) bool {
	before, after, star := strings.Cut(b, "*")
	if !star {
		return a == b
	}
	return strings.HasPrefix(a, before) && strings.HasSuffix(a, after)
}

// longestTimes and maxRules limit the work: no normal file is larger.
const (
	minutesOfWeek = 7 * 24 * 60
	longestTimes  = 200
	maxRules      = 200
)

// onTime reports whether a field of times is ever true, and whether it always is.
func onTime(field string) (ever, always bool) {
	if len(field) > longestTimes {
		return true, false // not evaluated: assumed to be true at some times
	}
	always = true
	for m := range minutesOfWeek {
		day, minute := m/(24*60), m%(24*60)
		if logic(field, func(w string) truth { return is(inSpan(w, day, minute/60*100+minute%60)) }) == yes {
			ever = true
		} else {
			always = false
		}
		if ever && !always {
			break
		}
	}
	return ever, always
}

// dayBits are the days of a two-letter name (days[] in pam_time.c).
func dayBits(name string) (bits int, ok bool) {
	i := slices.Index([]string{"su", "mo", "tu", "we", "th", "fr", "sa", "wk", "wd", "al"}, strings.ToLower(name))
	if i < 0 {
		return 0, false
	}
	return []int{1, 2, 4, 0o10, 0o20, 0o40, 0o100, 0o76, 0o101, 0o177}[i], true
}

// inSpan is check_time: "MoTu0800-1800". day is 0 on Sunday, clock is hours times 100 plus
// minutes.
func inSpan(w string, day, clock int) bool {
	marked := 0
	for len(w) >= 2 && (w[0]|0x20 >= 'a' && w[0]|0x20 <= 'z') {
		bits, ok := dayBits(w[:2])
		if !ok {
			return false
		}
		marked ^= bits
		w = w[2:]
	}
	if marked == 0 {
		return false
	}
	from, to, _ := strings.Cut(w, "-")
	start, noStart := strconv.Atoi(from)
	end, noEnd := strconv.Atoi(to)
	if noStart != nil || noEnd != nil || len(from) != 4 || len(to) != 4 {
		return true // "no/bad times specified"
	}
	today := 1 << day
	if start < end {
		return marked&today != 0 && clock >= start && clock < end
	}
	if marked&today != 0 && clock >= start {
		return true
	}
	marked <<= 1
	if marked&0o200 != 0 {
		marked |= 1
	}
	return marked&today != 0 && clock <= end
}
