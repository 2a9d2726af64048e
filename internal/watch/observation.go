// Package watch keeps checking the machine after enable has ended: systemd units start a
// check at intervals, and when a file that matters changes. A check only reads; a second
// unit does the repairs. No process stays in memory in between.
package watch

import (
	"aadssh/internal/check"
	"aadssh/internal/fault"
	"aadssh/internal/preflight"
	"aadssh/status"
)

// Observation is the result of a check.
type Observation struct {
	Fault   *fault.Fault // nil: people can sign in
	Report  status.Report
	Results []check.Result
	// Repair is what would be changed to repair sign-in, in words; "" if nothing can or
	// needs to be done.
	Repair string
	// Gone: the login package is not installed.
	Gone bool
}

// unfinished is the cause if only the end of an earlier run is missing: sshd has not
// reloaded its configuration.
const unfinished = "unfinished"

// cause is what repairs are counted by: the first check that fails.
func (v Observation) cause() string {
	for _, r := range v.Results {
		if r.Answer == check.Fail {
			return r.Name
		}
	}
	if v.Repair != "" {
		return unfinished
	}
	return ""
}

// what is the verdict in one line.
func (v Observation) what() string {
	if v.Fault != nil {
		return v.Fault.What
	}
	return v.Report.Message
}

// doubts reports whether what failed in an earlier report could not be read now.
func (v Observation) doubts(earlier status.Report) bool {
	for _, s := range earlier.Substatuses {
		if s.Level != status.Failure {
			continue
		}
		for _, r := range preflight.Grouped(v.Results) {
			if r.Name == s.Name && r.Answer == check.Unknown {
				return true
			}
		}
	}
	return false
}
