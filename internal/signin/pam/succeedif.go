package pam

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/order"
	"aadssh/internal/text"
)

// succeedIf is modules/pam_succeed_if: all conditions must be true, in order, and the first
// one that is false decides.
func succeedIf(c *call) answer {
	var words []string
	root := false
	for _, arg := range c.Args {
		switch arg {
		case "use_uid":
			root = true
		case "debug", "quiet", "quiet_fail", "quiet_success", "audit":
		default:
			words = append(words, arg)
		}
	}
	a := answer{fixLine: spare}
	if root && len(words) == 0 { // its answer was undefined before 1.6
		a.codes = []Code{Success, serviceErr}
		return a
	}
	open := false
	for len(words) >= 3 {
		cond := &condition{c: c, root: root, left: words[0], how: strings.ToLower(words[1]), right: words[2]}
		words = words[3:]
		switch met, ok := cond.met(); {
		case !ok:
			a.codes = append(a.codes, serviceErr)
			a.why = "pam_succeed_if does not understand " + strconv.Quote(cond.String())
			return a
		case met == no:
			a.codes = append(a.codes, authErr)
			if a.why == "" {
				a.why = "pam_succeed_if asks for " + strconv.Quote(cond.String()) + ", which people who sign in with Entra ID do not meet"
			}
			a.whom = open
			return a
		case met == some:
			a.codes = append(a.codes, authErr)
			a.why = "pam_succeed_if asks for " + strconv.Quote(cond.String()) + ", which only some people meet"
			open = true
		}
	}
	if len(words) > 0 { // "incomplete condition detected"
		a.codes = append(a.codes, serviceErr)
		a.why = "pam_succeed_if's last condition is incomplete"
		return a
	}
	a.codes, a.whom = append(a.codes, Success), open
	if !open {
		a.why = "pam_succeed_if is met by everybody (" + printable(strings.Join(c.Args, " ")) + ")"
	}
	order.By(a.codes, cmp.Compare)
	return a
}

// condition is "left how right".
type condition struct {
	_ [0]func() // never compared: no code for == is linked

	c                *call
	root             bool // it is about the user that sshd runs as
	left, how, right string
}

func (c *condition) String() string {
	return printable(c.left + " " + c.how + " " + c.right)
}

// met reports whether the condition is true; ok is false if the module fails.
func (c *condition) met() (t truth, ok bool) {
	// These only check the user, whatever is on the left, if that is known.
	left := strings.ToLower(c.left)
	if !text.OneOf(left, "user login name uid gid shell home dir homedir service ruser rhost tty") {
		return no, false
	}
	switch c.how {
	case "ingroup", "notingroup":
		t = no
		for _, g := range strings.Split(c.right, ":") {
			if g == "" {
				continue
			}
			t = t.or(c.inGroup(left, g))
		}
		if c.how == "notingroup" {
			t = t.not()
		}
		return t, true
	case "innetgr", "notinnetgr":
		return some, true
	}
	switch left {
	case "uid", "gid":
		if c.root {
			return c.literal("0")
		}
		return c.number()
	case "user", "login", "name":
		if c.root {
			return c.literal("root")
		}
		return c.name()
	case "service":
		return c.literal(c.c.m.Service)
	case "tty":
		return c.literal(terminal)
	case "ruser":
		return c.literal("") // sshd sets none
	}
	if value, ok := c.known(left); ok {
		return c.literal(value)
	}
	if _, _, known := compare(c.how, "", c.right); !known {
		return no, false
	}
	if left == "shell" && !c.root && noShells(c.right) {
		return is(strings.HasPrefix(c.how, "!") || strings.HasPrefix(c.how, "no")), true
	}
	return some, true
}

// known is what is known about a single person: shell, home, rhost.
func (c *condition) known(left string) (value string, ok bool) {
	if left == "rhost" {
		from := c.c.person.from()
		return from, from != ""
	}
	a, ok := c.c.person.account()
	if left == "shell" {
		return a.Shell, ok
	}
	return a.Home, ok
}

// noShells reports whether a list only contains programs that reject people, which no
// person's shell is.
func noShells(list string) bool {
	for _, s := range strings.Split(list, ":") {
		if base := path.Base(s); base != "nologin" && base != "false" {
			return false
		}
	}
	return true
}

func (c *condition) inGroup(left, group string) truth {
	switch {
	case left == "ruser":
		return no // the group's members are looked up for the empty name
	case c.root:
		return is(group == "root")
	}
	return c.c.person.in(group)
}

// name compares the person's name with the right side.
func (c *condition) name() (truth, bool) {
	p := c.c.person
	switch c.how {
	case "=":
		return p.called(c.right), true
	case "!=":
		return p.called(c.right).not(), true
	case "=~", "glob":
		return p.matches(c.right), true
	case "!~", "noglob":
		return p.matches(c.right).not(), true
	case "in", "notin":
		t := no
		for _, w := range strings.Split(c.right, ":") {
			t = t.or(p.called(w))
		}
		if c.how == "notin" {
			t = t.not()
		}
		return t, true
	}
	return no, false // a name is no number
}

// number compares the person's UID with the right side: it is any number from lowestUID on.
func (c *condition) number() (truth, bool) {
	if a, ok := c.c.person.account(); ok {
		id := a.UID
		if strings.EqualFold(c.left, "gid") {
			id = a.GID
		}
		return c.literal(strconv.FormatInt(id, 10))
	}
	switch c.how {
	case "<", "lt", "<=", "le", ">", "gt", ">=", "ge", "eq", "ne":
		n, ok := number(c.right)
		if !ok {
			return no, false
		}
		return atLeast(c.how, lowestUID, n), true
	}
	// These operators compare the digits as text.
	n, err := strconv.ParseInt(c.right, 10, 64)
	switch c.how {
	case "=":
		return possible(err == nil && n >= lowestUID), true
	case "!=":
		return possible(err == nil && n >= lowestUID).not(), true
	case "=~", "glob", "!~", "noglob", "in", "notin":
		return some, true
	}
	return no, false
}

func possible(b bool) truth {
	if b {
		return some
	}
	return no
}

// atLeast compares a number of which only the lowest value is known.
func atLeast(how string, least, n int64) truth {
	switch how {
	case "<", "lt":
		return possible(n > least)
	case "<=", "le":
		return possible(n >= least)
	case ">", "gt":
		return possible(n >= least).not()
	case ">=", "ge":
		return possible(n > least).not()
	case "eq":
		return possible(n >= least)
	}
	return possible(n >= least).not()
}

// literal compares two known texts.
func (c *condition) literal(left string) (truth, bool) {
	met, ok, known := compare(c.how, left, c.right)
	return is(met), ok && known
}

// compare is the last part of evaluate() in pam_succeed_if.c. known is false if there is no
// such operator, ok if one side is not a number.
func compare(how, left, right string) (met, ok, known bool) {
	switch how {
	case "=":
		return left == right, true, true
	case "!=":
		return left != right, true, true
	case "=~", "glob":
		return person{names: []string{left}}.matches(right) == yes, true, true
	case "!~", "noglob":
		return person{names: []string{left}}.matches(right) != yes, true, true
	case "in":
		return slices.Contains(strings.Split(right, ":"), left), true, true
	case "notin":
		return !slices.Contains(strings.Split(right, ":"), left), true, true
	case "<", "lt", "<=", "le", ">", "gt", ">=", "ge", "eq", "ne":
		l, ok := number(left)
		r, ok2 := number(right)
		if !ok || !ok2 {
			return false, false, true
		}
		return compares(how, l, r), true, true
	}
	return false, false, false
}

// compares are the comparisons of two numbers, by pam_succeed_if's names.
func compares(how string, l, r int64) bool {
	switch how {
	case "<", "lt":
		return l < r
	case "<=", "le":
		return l <= r
	case ">", "gt":
		return l > r
	case ">=", "ge":
		return l >= r
	case "eq":
		return l == r
	default: // "ne"
		return l != r
	}
}

// number parses a number as strtoll(3) does, for which an empty text is 0.
func number(s string) (n int64, ok bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(s, 0, 64)
	return n, err == nil && !strings.ContainsAny(s, "_bBoO")
}
