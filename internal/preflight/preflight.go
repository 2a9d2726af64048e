// Package preflight holds the checks: pure functions over facts, each with one
// of four answers. The handler and doctor run the same ones.
package preflight

import (
	"aadsshlogin-handler/internal/facts"
	"aadsshlogin-handler/internal/fault"
)

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

// Result is the answer of one check, with its reason.
type Result struct {
	Name   string // stable, lower-case words joined by hyphens
	Answer Answer
	Text   string     // one line: what is so on this machine
	Next   string     // one line: what to do; empty where nothing is
	Code   fault.Code // of a failure
}

// Fault is the failure as an error.
func (r Result) Fault() *fault.Fault { return fault.New(r.Code, r.Text, r.Next) }

// Check is one row: a name and a function.
type Check struct {
	Name string
	Run  func(facts.Facts) []Result
}

// Preconditions gate every change: while one of them fails, no package,
// repository, key or file of the machine is touched. They stand in the order
// in which a person wants to hear of them.
func Preconditions() []Check {
	return []Check{
		{"settings", settings},
		{"distro", distribution},
		{"memory", memory},
		{"legacy", legacy},
		{"identity", identityOf},
		{"network", network},
	}
}

// Verification proves that people can sign in.
func Verification() []Check {
	return []Check{
		{"packages", packages},
		{"version", version},
		{"sign-in", signIn},
		{"repository", repository},
		{"clock", clock},
	}
}

// Run runs checks in their order.
func Run(checks []Check, f facts.Facts) []Result {
	var results []Result
	for _, c := range checks {
		results = append(results, c.Run(f)...)
	}
	return results
}

// FirstFailure is the failure that a person should hear of first, or nil.
func FirstFailure(results []Result) *fault.Fault {
	for _, r := range results {
		if r.Answer == Fail {
			return r.Fault()
		}
	}
	return nil
}
