// Package gate has the terms in which each step of a sign-in answers: who signs in, and
// whether they pass. A person passes the gates one after the other, so a single closed one
// keeps them out.
package gate

import (
	"aadssh/internal/check"
	"aadssh/internal/fault"
)

// Person is one of the two kinds of users that the package's Match block names.
type Person int

// The two kinds: a user with a user principal name, and a service principal, whose name is
// its application ID.
const (
	Human Person = iota
	Service
)

// People are both kinds, in the order in which they are examined.
func People() []Person { return []Person{Human, Service} }

// The names used to examine the machine for each kind. Nobody has them: example.com is
// reserved (RFC 2606), and the ID is all zeros.
const (
	HumanProbe   = "someone@example.com"
	ServiceProbe = "00000000-0000-0000-0000-000000000000"
)

// Probe is the name used to examine the machine for a kind of person.
func (p Person) Probe() string { return [...]string{HumanProbe, ServiceProbe}[p] }

// String is the name of the kind in texts.
func (p Person) String() string { return [...]string{"people", "service principals"}[p] }

// Outcome is whether a person passes a gate.
type Outcome int

// The three outcomes. NotKnown means that it depends on something that cannot be read or is
// not published; it never means In or Out.
const (
	In Outcome = iota
	Out
	NotKnown
)

// Answer is the result of one gate.
type Answer struct {
	_ [0]func() // never compared: no code for == is linked

	Outcome Outcome
	Whom    string     // whom it concerns, in words that can follow "for": "service principals"; empty: everybody
	Text    string     // one line: the state of this machine
	Next    string     // one line: what to do; empty if nothing has to be done
	File    string     // the file that decides; empty if there is none
	Line    int        // 1 is the first line; 0 if File is empty or the whole file is meant
	Decides string     // of NotKnown: what decides, in words that can follow "depends on": "pam_duo.so (/etc/pam.d/sshd:3)"
	Remark  bool       // with In: deserves a warning all the same, because something besides the sign-in is wrong
	Part    check.Part // the part of the package that it is about, if reinstalling that may repair it
}

// Result is the answer as the result of a check. Only what keeps everybody out is a
// failure; what keeps some people out, or is unknown, is not, because the machine works, or
// may work, for the others.
func (a Answer) Result() check.Result {
	r := check.Result{Text: a.Text, Next: a.Next, File: a.File, Part: a.Part}
	switch {
	case a.Outcome == Out && a.Whom == "":
		r.Answer, r.Code = check.Fail, fault.VerificationFailed
	case a.Outcome == Out:
		r.Answer, r.Except = check.Warn, a.Whom
	case a.Outcome == NotKnown:
		r.Answer, r.Decides = check.Unknown, a.Decides
		if r.Decides == "" {
			r.Decides = "what could not be seen"
		}
	case a.Remark:
		r.Answer = check.Warn
	}
	return r
}
