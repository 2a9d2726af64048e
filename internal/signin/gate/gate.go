// Package gate has the words in which each step of a sign-in answers: who
// comes, and whether they get through. A person passes the gates one after the
// other, so one that is shut is enough to keep them out.
package gate

import (
	"aadssh/internal/check"
	"aadssh/internal/fault"
)

// Person is one of the two kinds of user that the package's Match block names.
type Person int

// The two kinds: somebody with a user principal name, and a service principal,
// whose name is its application id.
const (
	Human Person = iota
	Service
)

// People are both kinds, in the order in which they are asked about.
func People() []Person { return []Person{Human, Service} }

// The names by which the machine is asked about each kind. Nobody has them:
// example.com is reserved (RFC 2606), the id is all zeros.
const (
	HumanProbe   = "someone@example.com"
	ServiceProbe = "00000000-0000-0000-0000-000000000000"
)

// Probe is the name by which the machine is asked about a kind of person.
func (p Person) Probe() string { return [...]string{HumanProbe, ServiceProbe}[p] }

// String is the kind as texts name it.
func (p Person) String() string { return [...]string{"people", "service principals"}[p] }

// Outcome is whether somebody gets through a gate.
type Outcome int

// The three outcomes. NotKnown is what hangs on something that cannot be read
// or that nobody has published; it never stands for In or for Out.
const (
	In Outcome = iota
	Out
	NotKnown
)

// Answer is what one gate says.
type Answer struct {
	_ [0]func() // never compared: no code for == is linked

	Outcome Outcome
	Whom    string     // whom it concerns, in words that can follow "for": "service principals"; empty: everybody
	Text    string     // one line: what is so on this machine
	Next    string     // one line: what to do; empty where nothing is
	File    string     // where that stands which decides; empty where there is no such place
	Line    int        // 1 for the first line; 0 where File is empty or the whole file is meant
	Decides string     // of NotKnown: what decides, in words that can follow "depends on": "pam_duo.so (/etc/pam.d/sshd:3)"
	Remark  bool       // of In: worth a warning all the same, because something besides the sign-in is not as it should be
	Part    check.Part // what of the package it is about, where reinstalling that may put it right
}

// Result is the answer as a check gives it. What shuts everybody out is a
// failure; what shuts some out, and what is not known, never is: the machine
// works for the others, or may.
func (a Answer) Result() check.Result {
	r := check.Result{Text: a.Text, Next: a.Next, File: a.File, Line: a.Line, Part: a.Part}
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
