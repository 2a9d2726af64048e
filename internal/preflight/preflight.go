// Package preflight holds the checks: pure functions over facts, each with one
// of four answers. The handler and doctor run the same ones.
package preflight

import (
	"aadsshlogin-handler/internal/check"
	"aadsshlogin-handler/internal/facts"
	"aadsshlogin-handler/internal/fault"
)

// Answer and Result are those of package check.
type (
	Answer = check.Answer
	Result = check.Result
)

// The four answers.
const (
	Pass    = check.Pass
	Warn    = check.Warn
	Fail    = check.Fail
	Unknown = check.Unknown
)

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
		{resourcesName, resources},
	}
}

// Verification proves that people can sign in.
func Verification() []Check {
	return []Check{
		{resourcesName, resources},
		{"packages", packages},
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
			return seen(r, results)
		}
	}
	return nil
}
