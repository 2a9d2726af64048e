// Package preflight has the checks of enable: functions of facts alone, each with one of
// four answers. The handler and doctor run the same checks.
package preflight

import (
	"aadssh/internal/check"
	"aadssh/internal/fault"
)

// FirstFailure is the failure that a person should read first, or nil.
func FirstFailure(results []check.Result) *fault.Fault {
	if r := First(results); r != nil {
		return r.Fault()
	}
	return nil
}

// First is the result that FirstFailure is made of, or nil.
func First(results []check.Result) *check.Result {
	for i := range results {
		if results[i].Answer == check.Fail {
			return seen(&results[i], results)
		}
	}
	return nil
}
