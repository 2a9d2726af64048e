package pam

import (
	"path"
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// truth is whether something is true for a person of whom little is known.
type truth int8

const (
	no truth = iota
	yes
	some // true for some people, or from some addresses
)

func is(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return some
}

func (t truth) and(o truth) truth {
	switch {
	case t == no || o == no:
		return no
	case t == yes && o == yes:
		return yes
	}
	return some
}

func (t truth) or(o truth) truth { return t.not().and(o.not()).not() }

// person is somebody whom only the directory has, and who has never signed in on this
// machine.
type person struct {
	// names are possible names of such a person. What matches all of them matches everybody
	// of the kind; what matches none may still be the name of one.
	names []string
	// who is the person, if one is examined by name: that name is the only one, and what is
	// known about the person counts.
	who *gate.Somebody
}

// particular is one person, by name.
func particular(who gate.Somebody) person { return person{names: []string{who.Name}, who: &who} }

// account is what the machine knows about the person; ok is false if there is no account,
// or no single person is meant.
func (p person) account() (a gate.Account, ok bool) {
	if p.who == nil {
		return a, false
	}
	return p.who.Account, p.who.Account.Known
}

// root reports whether it is root, for whom sudo opens its session.
func (p person) root() bool {
	a, known := p.account()
	return known && a.UID == 0
}

func people(p gate.Person) person {
	if p == gate.Service {
		return person{names: []string{p.Probe(), "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}}
	}
	return person{names: []string{p.Probe(), "0.q7_w-x@k.q-7.test"}}
}

// one reports that a word may be the name of one such person.
func (p person) one(word string) bool {
	if strings.Contains(p.names[0], "@") {
		return strings.Contains(strings.TrimLeft(word, "@"), "@")
	}
	return len(word) == len(p.names[0]) && strings.Count(word, "-") == 4
}

// called reports whether the person has exactly this name.
func (p person) called(word string) truth {
	if p.who != nil {
		return is(word == p.who.Name)
	}
	if p.one(word) {
		return some
	}
	return no
}

// matches compares the person's name with a pattern of fnmatch(3).
func (p person) matches(pattern string) truth {
	fits := 0
	for _, n := range p.names {
		if ok, err := path.Match(strings.ReplaceAll(pattern, "[!", "[^"), n); err == nil && ok {
			fits++
		}
	}
	switch {
	case fits == len(p.names):
		return yes
	case fits > 0 || p.couldFit(pattern):
		return some
	}
	return no
}

// couldFit excludes patterns that match no name of the kind: for people those that begin
// like a local account's name and do not end with a star.
func (p person) couldFit(pattern string) bool {
	if p.who != nil {
		return false // it is known whether the pattern matches the name
	}
	if !strings.ContainsAny(pattern, "*?[") {
		return p.one(pattern)
	}
	if !strings.Contains(p.names[0], "@") {
		return strings.Trim(strings.ToLower(pattern), "0123456789abcdef-*?[]!^") == ""
	}
	return strings.ContainsAny(pattern, "@-") || strings.ContainsAny(pattern[:1], "*?[") || strings.HasSuffix(pattern, "*")
}

// admins is the group of people with the role Virtual Machine Administrator Login.
const admins = "aad_admins"

// in reports whether the person is a member of a group. Members that the machine itself
// lists do not include a person who was never there; which groups the package gives people
// is not published.
func (p person) in(group string) truth {
	if a, ok := p.account(); ok {
		return is(slices.Contains(a.Groups, group))
	}
	if p.who != nil && p.who.Account.Err != nil {
		return some
	}
	switch group {
	case admins, "users": // "users": the default of useradd(8)
		return some
	}
	return p.called(group) // a person's own group has the person's name
}

// lowestUID is not above any UID that a person can have: theirs begin here (login.defs(5),
// UID_MIN).
const lowestUID = 1000

// shell is the shell of new accounts; what the package gives them is not published.
const shell = "/bin/bash"

// from is where the person connects from, as sshd passes it to PAM; "" if that is not
// known.
func (p person) from() string {
	if p.who == nil || !p.who.From.IsValid() {
		return ""
	}
	return p.who.From.String()
}

// terminal is the value that sshd sets for a session's terminal (PAM_TTY_KLUDGE in
// OpenSSH's auth-pam.c).
const terminal = "ssh"
