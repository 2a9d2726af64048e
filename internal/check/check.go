// Package check has the one kind of answer that every check gives, whoever
// asks it: enable, the watch, plan and doctor.
package check

import "aadssh/internal/fault"

// Answer is what a check can say.
type Answer int

// The four answers. Unknown is not Fail: what could not be determined never
// turns a working machine into a failed one.
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

// Part is what of the package a result is about, so that installing it again is the
// way to have it put right.
type Part int

// The parts of a package. What its scripts put back is not published, so of a
// reinstallation for their sake nobody knows beforehand whether it helps.
const (
	NoPart  Part = iota // none: the move is the owner's of the machine
	Files               // a file of the package, which comes back with it
	Scripts             // what its scripts set up: they may put it back
)

// Result is the answer of one check, with its reason.
type Result struct {
	_ [0]func() // never compared: no code for == is linked

	Name    string // this and the next four are those of the row: running it fills them in
	Section string
	Group   string
	Gate    Gate
	Sight   *Sight
	Answer  Answer
	Text    string     // one line: what is so on this machine
	Next    string     // one line: what to do; empty where nothing is
	Code    fault.Code // of a failure, or of what is about to become one
	File    string     // where it stands; empty where that is not known or there is no such place
	Line    int        // 1 for the first line; 0 where File is empty or the whole file is meant

	Part Part // what of the package this is about

	// What "people can sign in" must leave out and leave open, where the result
	// is about a sign-in and no failure: whom it keeps out, in words that can
	// follow "except", and what decides that is not known, in words that can
	// follow "depends on".
	Except  string
	Decides string
}

// Fault is the failure as an error.
func (r Result) Fault() *fault.Fault { return fault.New(r.Code, r.Text, r.Next) }
