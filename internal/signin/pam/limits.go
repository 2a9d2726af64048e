package pam

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// limits is modules/pam_limits for a person who has no other session.
func limits(c *call) answer {
	const standard = "/etc/security/limits.conf"
	files := []string{standard}
	for _, arg := range c.Args {
		if v, ok := strings.CutPrefix(arg, "conf="); ok {
			files = []string{v}
		}
	}
	own := files[0] == standard
	if own {
		if c.m.File(standard).Missing() {
			if !c.lenient() { // or the vendor's file is read
				return answer{codes: []Code{serviceErr}, why: standard + " is not there, over which pam_limits fails", data: Problem{File: standard},
					next: "Make the file again (it may be empty): " + touch(standard)}
			}
			files = nil
			if v := "/usr/etc/security/limits.conf"; c.m.File(v).Err == nil {
				files = append(files, v)
			}
		}
		files = append(files, c.limitDrops()...)
	}
	l := limitSet{c: c, by: map[string]limit{}}
	for _, file := range files {
		if a, ok := l.read(file); !ok {
			return a
		}
		if l.unlimited {
			return answer{codes: []Code{Success}}
		}
	}
	return l.answer()
}

// lenient reports whether a missing file is no failure, as since 1.6: only the newer module
// contains the reason.
func (c *call) lenient() bool { return c.has("cannot read settings from %s: %s") }

// limitDrops are the files of limits.d, with those in /etc instead of the vendor's of the
// same name, in the order of their names.
func (c *call) limitDrops() []string {
	all := map[string]string{}
	for _, dir := range []string{"/usr/etc/security/limits.d/", "/etc/security/limits.d/"} {
		for _, f := range c.m.List(dir + "*.conf") {
			all[path.Base(f)] = f
		}
	}
	names := []string{}
	for n := range all {
		names = append(names, n)
	}
	slices.Sort(names)
	for i, n := range names {
		names[i] = all[n]
	}
	return names
}

// limit is the effective limit for one item, and the line that set it.
type limit struct {
	_ [0]func() // never compared: no code for == is linked

	value  string
	rank   int // how specific the line is for the person: a smaller number wins
	at     Problem
	unsure bool // the line applies to some people
}

// limitSet collects limits.
type limitSet struct {
	c         *call
	by        map[string]limit // "soft nproc", "maxlogins"
	unlimited bool             // a line "USER -" ends the search
}

// The ranks of pam_limits.c (LIMITS_DEF_*).
const (
	rankUser = iota
	rankGroup
	rankAllGroup
	rankAll
	rankDefault
)

func (l *limitSet) read(file string) (a answer, ok bool) {
	f := l.c.m.File(file)
	if f.Missing() && l.c.lenient() {
		return answer{}, true
	}
	if f.Missing() {
		return answer{codes: []Code{serviceErr}, why: file + " is not there, over which pam_limits fails", data: Problem{File: file},
			next: "Make the file: " + touch(file)}, false
	}
	number := 0
	for _, raw := range text.SplitLines(string(f.Text)) {
		number++
		raw, _, _ = strings.Cut(raw, "#")
		w := strings.Fields(raw)
		if len(w) > 4 {
			w = w[:4]
		}
		switch {
		case len(w) == 2 && w[1] == "-":
			rank, t := l.domain(w[0])
			if t == yes && (rank == rankUser || rank == rankGroup) {
				l.unlimited = true
				return answer{}, true
			}
		case len(w) == 4:
			if rank, t := l.domain(w[0]); t != no && !l.spared(rank, strings.ToLower(w[2])) {
				l.set(rank, t == some, strings.ToLower(w[1]), strings.ToLower(w[2]), strings.ToLower(w[3]), Problem{File: file, Line: number, Text: strings.TrimSpace(raw)})
			}
		}
	}
	return answer{}, true
}

// spared reports whether a limit does not concern the person because that is root, for whom
// sessions and processes are not counted, and whom Debian's module limits by name only.
func (l *limitSet) spared(rank int, item string) bool {
	return l.c.person.root() && (rank != rankUser && l.c.m.Library.Debian || item == "maxlogins" || item == "maxsyslogins" || item == "nproc")
}

// domain says to whom the first word of a line applies.
func (l *limitSet) domain(d string) (rank int, t truth) {
	p := l.c.person
	least, most, ranged := strings.Cut(strings.TrimLeft(d, "@%"), ":")
	switch {
	case ranged && strings.HasPrefix(d, "%"):
		return rankAllGroup, no // ranges of groups are not supported there
	case ranged:
		if a, ok := p.account(); ok && !strings.HasPrefix(d, "@") {
			return rankUser, within(a.UID, least, most)
		}
		rank = rankUser
		if strings.HasPrefix(d, "@") {
			rank = rankGroup
		}
		return rank, uidRange(least, most)
	case strings.HasPrefix(d, "@"):
		return rankGroup, p.in(d[1:])
	case d == "%":
		return rankAll, yes
	case strings.HasPrefix(d, "%"):
		return rankAllGroup, p.in(d[1:])
	case d == "*":
		return rankDefault, yes
	}
	return rankUser, p.called(d)
}

// within reports whether a number is in a range.
func within(uid int64, least, most string) truth {
	low, err := strconv.ParseInt(least, 10, 64)
	high, err2 := strconv.ParseInt(most, 10, 64)
	switch {
	case least == "": // "the match is exact" (limits.conf(5))
		return is(err2 == nil && uid == high)
	case most == "":
		return is(err == nil && uid >= low)
	}
	return is(err == nil && err2 == nil && low <= uid && uid <= high)
}

// uidRange is "1000:", "1000:2000" or ":1000" (parse_uid_range).
func uidRange(least, most string) truth {
	low, err := strconv.ParseInt(least, 10, 64)
	if least == "" {
		low, err = 0, nil
	}
	high, err2 := strconv.ParseInt(most, 10, 64)
	switch {
	case err != nil, most != "" && err2 != nil, least == "" && most == "":
		return no
	case most == "":
		return possible(low > lowestUID).orElse(yes)
	case high < lowestUID:
		return no
	}
	return some
}

// orElse is t unless that is no, and then o.
func (t truth) orElse(o truth) truth {
	if t == no {
		return o
	}
	return t
}

// set is process_limit.
func (l *limitSet) set(rank int, unsure bool, kind, item, value string, at Problem) {
	var keys []string
	switch {
	case item == "maxlogins" || item == "maxsyslogins":
		keys = []string{"logins"}
	case item == noPrivileges:
		keys, rank = []string{item}, rankUser // the last line counts, whatever its domain
	case rank == rankAll || rank == rankAllGroup:
		return // "valid for maxlogins type only"
	case kind == "-":
		keys = []string{"soft " + item, "hard " + item}
	case kind == "soft" || kind == "hard":
		keys = []string{kind + " " + item}
	default:
		return
	}
	if !slices.Contains([]string{"-1", "-", "unlimited", "infinity"}, value) {
		digits := strings.TrimLeft(value, "+-")
		if digits == "" || digits[0] < '0' || digits[0] > '9' {
			if item != "chroot" {
				return // "wrong limit value"
			}
		}
	}
	for _, k := range keys {
		if old, set := l.by[k]; set && old.rank < rank && !old.unsure {
			continue
		}
		l.by[k] = limit{value: value, rank: rank, at: at, unsure: unsure || l.by[k].unsure && l.by[k].rank < rank}
	}
}

// noPrivileges is the limit that prevents programs, including sudo, from becoming another
// user.
const noPrivileges = "nonewprivs"

// amount is a value as a number; infinite is -1.
func amount(v string) int64 {
	if slices.Contains([]string{"-1", "-", "unlimited", "infinity"}, v) {
		return -1
	}
	end := strings.IndexFunc(strings.TrimPrefix(v, "-"), func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		v = v[:end]
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// floors are values below which a session cannot start, and values from which on it can;
// between them the result is unknown. The units are those of limits.conf(5). Other limits
// do not prevent a session from starting.
func floors() []floor {
	return []floor{
		{item: "nproc", dead: 1, enough: 8},    // the person's processes; some belong to sshd and the shell
		{item: "nofile", dead: 4, enough: 16},  // a shell needs its three streams and one more
		{item: "as", dead: 512, enough: 65536}, // KiB; a program that cannot be mapped is not started
		{item: "data", dead: 0, enough: 4096},  // KiB
		{item: "stack", dead: 16, enough: 128}, // KiB
		{item: "cpu", dead: 0, enough: 1},      // minutes; with 0 the kernel ends sshd after a second of work
	}
}

// floor is a value of floors.
type floor struct {
	_ [0]func() // never compared: no code for == is linked

	item         string
	dead, enough int64
}

func (l *limitSet) answer() answer {
	result := answer{codes: []Code{Success}}
	if by := l.by[noPrivileges]; by.value == "1" {
		if l.c.has(noPrivileges) {
			result.data = by.at
		}
	}
	deny := func(by limit, sure bool, text string) {
		a := answer{codes: []Code{permDenied}, data: by.at, why: text + " (" + by.at.File + ":" + strconv.Itoa(by.at.Line) + ", " + strconv.Quote(by.at.Text) + ")",
			next: "Change the line, or, to comment it out, run: sudo " + comment(by.at.File, by.at.Line)}
		if !sure || by.unsure {
			a.codes, a.whom = []Code{Success, permDenied}, by.unsure
		}
		if len(result.codes) > 1 || result.codes[0] == Success {
			result = a
		}
	}
	if by, set := l.by["logins"]; set && amount(by.value) == 0 {
		deny(by, true, "pam_limits allows no sign-in at all")
	}
	for _, f := range floors() {
		by, set := l.by["hard "+f.item]
		soft, softSet := l.by["soft "+f.item]
		if softSet && (!set || amount(soft.value) >= 0 && (amount(by.value) < 0 || amount(soft.value) < amount(by.value))) {
			by, set = soft, true
		}
		n := amount(by.value)
		switch {
		case !set || n < 0 || n >= f.enough:
		case n < f.dead:
			deny(by, true, "no session can start with so small a limit of "+f.item)
		default:
			deny(by, false, "a session may not start with so small a limit of "+f.item)
		}
	}
	l.refused(deny)
	if by, set := l.by["hard chroot"]; set {
		deny(by, false, "pam_limits changes the root folder of people's sessions")
	}
	return result
}

// has reports whether a text is in the module: what it can do is seen from that.
func (c *call) has(text string) bool {
	file, _ := c.m.module(c.Module)
	return bytes.Contains(c.m.File(file).Text, []byte(text))
}

// refused: the kernel accepts no larger number of files than fs.nr_open, and a larger one
// ends the session, except with the pam_limits of Debian and Ubuntu.
func (l *limitSet) refused(deny func(limit, bool, string)) {
	by, set := l.by["hard nofile"]
	if !set || l.c.m.Library.Debian {
		return
	}
	n := amount(by.value)
	most, err := strconv.ParseInt(strings.TrimSpace(string(l.c.m.File("/proc/sys/fs/nr_open").Text)), 10, 64)
	switch {
	case n < 0 && l.c.has("/proc/sys/fs/nr_open"): // since 1.3.1: as many as possible
	case n < 0:
		deny(by, true, "the kernel takes no unlimited number of files, over which this pam_limits fails")
	case err == nil && n > most:
		deny(by, true, "the kernel takes no more than "+strconv.Itoa(int(most))+" files (fs.nr_open), over which pam_limits fails")
	}
}
