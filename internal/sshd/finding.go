package sshd

// Level is the answer of a check.
type Level int

// The four answers. Unknown never turns a working machine into a failed one.
const (
	Pass Level = iota
	Warn
	Fail
	Unknown
)

// String is the answer in one word.
func (l Level) String() string {
	switch l {
	case Pass:
		return "pass"
	case Warn:
		return "warn"
	case Fail:
		return "fail"
	}
	return "unknown"
}

// Finding is the answer of one check, for people.
type Finding struct {
	Name  string // stable, lower-case words joined by hyphens
	Level Level
	What  string // what was found on this machine, one line
	Next  string // what to do about it, one line; empty where nothing is to do
	File  string // where it stands; empty where that is not known or there is no such place
	Line  int    // 1 for the first line; 0 where File is empty or the whole file is meant

	// Package says that the package's own scripts set this up, so that
	// reinstalling the package may put it back. Everything else is the move of
	// the machine's owner.
	Package bool
}
