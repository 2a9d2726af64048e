package pam

import (
	"path"
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// truth is what is so for a person of whom little is known.
type truth int8

const (
	no truth = iota
	yes
	some // for some people, or from some addresses
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

// person is somebody whom only the directory knows, and who was never on this
// machine.
type person struct {
	// names are names that such a person can have. What fits all of them fits
	// everybody of the kind; what fits none may still be the name of one.
	names []string
	// who is that one person, where it is somebody in particular: their name is
	// the only one, and what is known of them counts.
	who *gate.Somebody
}

// particular is one person by name.
func particular(who gate.Somebody) person { return person{names: []string{who.Name}, who: &who} }

// account is what the machine knows of the person; ok is false where it has
// none, or nobody in particular is meant.
func (p person) account() (a gate.Account, ok bool) {
	if p.who == nil {
		return a, false
	}
	return p.who.Account, p.who.Account.Known
}

func people(p gate.Person) person {
	if p == gate.Service {
		return person{names: []string{p.Probe(), "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}}
	}
	return person{names: []string{p.Probe(), "0.q7_w-x@k.q-7.test"}}
}

// one says that a word may be the name of one such person.
func (p person) one(word string) bool {
	if strings.Contains(p.names[0], "@") {
		return strings.Contains(strings.TrimLeft(word, "@"), "@")
	}
	return len(word) == len(p.names[0]) && strings.Count(word, "-") == 4
}

// called says whether the person has this very name.
func (p person) called(word string) truth {
	if p.who != nil {
		return is(word == p.who.Name)
	}
	if p.one(word) {
		return some
	}
	return no
}

// matches holds a pattern of fnmatch(3) against the person's name.
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

// couldFit leaves out patterns that fit no name of the kind: for people those
// that begin with a word of a local account's kind and end without a star.
func (p person) couldFit(pattern string) bool {
	if p.who != nil {
		return false // whether it fits the name is known
	}
	if !strings.ContainsAny(pattern, "*?[") {
		return p.one(pattern)
	}
	if !strings.Contains(p.names[0], "@") {
		return strings.Trim(strings.ToLower(pattern), "0123456789abcdef-*?[]!^") == ""
	}
	return strings.ContainsAny(pattern, "@-") || strings.ContainsAny(pattern[:1], "*?[") || strings.HasSuffix(pattern, "*")
}

// admins is the group of those with the role Virtual Machine Administrator Login.
const admins = "aad_admins"

// in says whether the person is a member of a group. Members that the machine
// itself names do not include somebody who was never there; which group of its
// own the package gives people is not published.
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
	return p.called(group) // a group of one's own bears one's name
}

// lowestUID is below every number that a person can have: those of people begin
// here (login.defs(5), UID_MIN).
const lowestUID = 1000

// shell is that of new accounts; that the package gives it is not published.
const shell = "/bin/bash"

// from is where the person connects from, as sshd tells PAM; "" where that is
// not known.
func (p person) from() string {
	if p.who == nil || !p.who.From.IsValid() {
		return ""
	}
	return p.who.From.String()
}

// terminal is PAM's item for sessions of sshd (PAM_TTY_KLUDGE in OpenSSH's
// auth-pam.c).
const terminal = "ssh"
