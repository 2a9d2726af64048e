package pam

import (
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// access is modules/pam_access: the first line of access.conf(5) that matches user and
// origin decides; if none does, nobody is denied.
func access(c *call) answer {
	const standard = "/etc/security/access.conf"
	r := rules{c: c, fs: ":", sep: ", \t"}
	file := ""
	for _, arg := range c.Args {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "accessfile":
			if f := c.m.File(value); f.Err != nil {
				return answer{codes: []Code{abort}, data: Problem{File: value},
					why:  "pam_access denies everybody, because its file " + value + " is not there",
					next: "Make the file, run: sudo touch " + text.Quote(value)}
			}
			file = value
		case "fieldsep":
			r.fs = value
		case "listsep":
			r.sep = value
		case "nodefgroup":
			r.onlyBracketed = true
		}
	}
	if file != "" {
		r.read(file)
		return r.answer()
	}
	file = standard
	if c.m.File(file).Missing() { // the vendor's file, since 1.6 if the module was built with one
		if vendors := "/usr/etc/security/access.conf"; c.m.File(vendors).Err == nil {
			file = vendors
		}
	}
	r.read(file)
	for _, more := range c.m.List("/etc/security/access.d/*.conf") {
		if r.done {
			break
		}
		r.read(more)
	}
	return r.answer()
}

// rules is the search for the first matching line.
type rules struct {
	c             *call
	fs, sep       string
	onlyBracketed bool
	in, out       bool    // both are true if it depends on who connects from where
	done          bool    // a line matches everybody
	first         Problem // the first line that denies somebody
}

func (r *rules) read(file string) {
	f := r.c.m.File(file)
	if f.Missing() {
		return // "non-existing table means no access control"
	}
	number := 0
	for _, raw := range text.SplitLines(string(f.Text)) {
		number++
		if r.done {
			return
		}
		if !strings.HasSuffix(raw, "\n") {
			continue // "missing newline or line too long"
		}
		if raw[0] == '#' {
			continue
		}
		fields := split3(strings.TrimRight(raw, " \t\n\v\f\r"), r.fs)
		if len(fields) < 3 || fields[0][0] != '+' && fields[0][0] != '-' {
			continue
		}
		match := r.list(fields[1], r.user).and(r.list(fields[2], r.origin))
		r.fits(match, fields[0][0] == '+', Problem{File: file, Line: number, Text: strings.TrimSpace(raw)})
	}
}

// fits takes a line into account.
func (r *rules) fits(match truth, allows bool, at Problem) {
	if match == no {
		return
	}
	if allows {
		r.in = true
	} else {
		r.out = true
		if r.first.File == "" {
			r.first = at
		}
	}
	r.done = match == yes
}

func (r *rules) answer() answer {
	if !r.done {
		r.in = true // no line matches the rest
	}
	a := answer{data: r.first, fixLine: spare}
	switch {
	case r.in && r.out:
		a.codes, a.whom = []Code{Success, permDenied}, true
		a.why = "pam_access lets in only some: " + r.first.File + ":" + strconv.Itoa(r.first.Line) + " (" + printable(r.first.Text) + ")"
	case r.out:
		a.codes = []Code{permDenied}
		a.why = "pam_access denies by " + r.first.File + ":" + strconv.Itoa(r.first.Line) + " (" + printable(r.first.Text) + ")"
	default:
		return answer{codes: []Code{Success}, why: "pam_access lets everybody in"}
	}
	return a
}

// split3 splits a line at separators as strtok_r does: runs of them count once; the last
// field is the rest.
func split3(s, separators string) (fields []string) {
	for len(fields) < 2 {
		if s = strings.TrimLeft(s, separators); s == "" {
			return fields
		}
		end := strings.IndexAny(s, separators)
		if end < 0 {
			return append(fields, s)
		}
		fields = append(fields, s[:end])
		s = s[end+1:]
	}
	if s != "" {
		fields = append(fields, s)
	}
	return fields
}

// list is list_match: the words up to EXCEPT, without those that the following list
// matches.
func (r *rules) list(s string, fits func(string) truth) truth {
	return listMatch(strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(r.sep, c) }), fits)
}

func listMatch(words []string, fits func(string) truth) truth {
	match, rest := no, []string(nil)
	for i, w := range words {
		if strings.EqualFold(w, "EXCEPT") {
			rest = words[i+1:]
			break
		}
		match = match.or(fits(w))
	}
	if match == no || rest == nil {
		return match
	}
	return match.and(listMatch(rest, fits).not())
}

// user is user_match.
func (r *rules) user(word string) truth {
	p := r.c.person
	switch {
	case strings.HasPrefix(word, "(") && strings.HasSuffix(word, ")"):
		return p.in(word[1:max(1, len(word)-1)])
	case strings.Contains(strings.TrimLeft(word, "@"), "@"):
		// user@host. A person's name never equals the part before the sign, except for ALL;
		// the machine's own names are not looked up.
		if who, _, _ := strings.Cut(strings.TrimLeft(word, "@"), "@"); !strings.EqualFold(who, "ALL") {
			return no
		}
		return some
	case strings.HasPrefix(word, "@"):
		return some // a netgroup
	case strings.EqualFold(word, "ALL"):
		return yes
	}
	t := p.called(word)
	if !r.onlyBracketed {
		t = t.or(p.in(word))
	}
	return t
}

// origin is from_match for a person who connects over the network.
func (r *rules) origin(word string) truth {
	switch {
	case strings.EqualFold(word, "ALL"):
		return yes
	case strings.EqualFold(word, "LOCAL"), strings.EqualFold(word, "NONE"):
		return no // PAM_RHOST is always set by sshd
	case strings.HasPrefix(word, "/") || strings.HasPrefix(word, "tty") || strings.HasPrefix(word, "pts/") || strings.HasPrefix(word, ":"):
		return no // a terminal
	case strings.EqualFold(word, "cron") || strings.EqualFold(word, "crond") || strings.EqualFold(word, path.Base(terminal)):
		return no // a service, which counts only without a network connection
	}
	return fromAddress(r.c.person.from(), word)
}

// fromAddress compares an address, a network or the end of a name with where the person
// connects from: string_match, network_netmask_match and similar functions.
func fromAddress(from, word string) truth {
	a, err := netip.ParseAddr(from)
	if err != nil || strings.HasPrefix(word, "@") {
		return some
	}
	switch {
	case strings.EqualFold(word, from):
		return yes
	case strings.HasSuffix(word, "."):
		return is(strings.HasPrefix(from, word))
	case strings.HasPrefix(word, "."):
		return some // the end of a host's name, which is not known
	}
	if one, err := netip.ParseAddr(word); err == nil {
		return is(one == a)
	}
	base, bits, ok := strings.Cut(word, "/")
	if network, err := netip.ParseAddr(base); ok && err == nil {
		if n, err := strconv.Atoi(bits); err == nil {
			p, err := network.Prefix(n)
			return is(err == nil && p.Contains(a))
		}
		if mask, err := netip.ParseAddr(bits); err == nil && mask.BitLen() == network.BitLen() && network.BitLen() == a.BitLen() {
			return is(slices.Equal(masked(a, mask), masked(network, mask)))
		}
		return no
	}
	return some // a host's name
}

func masked(a, mask netip.Addr) []byte {
	out, bits := a.AsSlice(), mask.AsSlice()
	for i := range out {
		out[i] &= bits[i]
	}
	return out
}
