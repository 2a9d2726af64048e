// Package check has the type of result that all checks return, in enable, the watch, plan
// and doctor.
package check

import "aadssh/internal/fault"

// Answer is the answer of a check.
type Answer int

// The four answers. Unknown is not Fail: what could not be determined never makes a working
// machine a failed one.
const (
	Pass Answer = iota
	Warn
	Fail
	Unknown
)

// String is the answer in the words of doctor and the log.
func (a Answer) String() string {
	return [...]string{"pass", "warn", "fail", "unknown"}[a]
}

// Part is the part of the package that a result is about, so that reinstalling the package
// is the way to repair it.
type Part int

// The parts of a package. What its scripts restore is not published, so it is not known
// beforehand whether a reinstallation because of them helps.
const (
	NoPart   Part = iota // none: people have to act
	Files                // a file of the package, which a reinstallation restores
	Scripts              // what its scripts set up: a reinstallation may restore it
	Conffile             // a configuration file: dpkg takes its removal as intended, and has to be told to restore it (dpkg(1), --force-confmiss)
)

// Result is the answer of one check and its reason.
type Result struct {
	_ [0]func() // never compared: no code for == is linked

	Name   string // this and the next come from the row, and are filled in when it runs
	Row    *About // nil if no row gave this answer
	Answer Answer
	Text   string     // one line: the state of this machine
	Next   string     // one line: what to do; empty if nothing has to be done
	Code   fault.Code // of a failure, or of what would become one
	File   string     // the file that it is about; empty if not known or there is none

	Part Part // part of the package that this is about

	// What limits the statement "people can sign in", if the result is about a sign-in and
	// is no failure: who is excluded, in words that can follow "except", and what decides
	// without our knowing, in words that can follow "depends on".
	Except  string
	Decides string
}

// About is what is known about the check before it runs.
func (r *Result) About() *About {
	if r.Row == nil {
		return &About{}
	}
	return r.Row
}

// Fault is the result as an error.
func (r Result) Fault() *fault.Fault { return fault.New(r.Code, r.Text, r.Next) }
