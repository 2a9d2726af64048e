// Package preflight has the checks of enable: functions of facts alone, each with one of
// four answers. The handler and doctor run the same checks.
package preflight

import (
	"aadssh/internal/check"
	"aadssh/internal/fault"
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

// FirstFailure is the failure that a person should read first, or nil.
func FirstFailure(results []Result) *fault.Fault {
	for _, r := range results {
		if r.Answer == Fail {
			return seen(r, results)
		}
	}
	return nil
}
