// Package watch goes on looking at the machine when enable has ended: units of
// systemd run a look now and then, and when a file that matters changes. A look
// only observes; what is to be put back is put back by a second unit. Nothing
// of it stays in memory in between.
package watch

import (
	"aadssh/internal/fault"
	"aadssh/internal/preflight"
	"aadssh/status"
)

// Observation is what a look at the machine came to.
type Observation struct {
	Fault   *fault.Fault // nil: people can sign in
	Report  status.Report
	Results []preflight.Result
	// Repair is what would be changed to put sign-in back, in words; "" where
	// nothing can be done, or nothing is to do.
	Repair string
	// Gone: the login package is not on the machine.
	Gone bool
}

// unfinished is the cause where nothing is amiss but the rest of an earlier
// run: sshd has not reloaded its configuration.
const unfinished = "unfinished"

// cause is what a repair is counted by: the check that fails first.
func (v Observation) cause() string {
	for _, r := range v.Results {
		if r.Answer == preflight.Fail {
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

// doubts says whether what failed in an earlier report could not be seen now.
func (v Observation) doubts(earlier status.Report) bool {
	for _, s := range earlier.Substatuses {
		if s.Level != status.Failure {
			continue
		}
		for _, r := range preflight.Grouped(v.Results) {
			if r.Name == s.Name && r.Answer == preflight.Unknown {
				return true
			}
		}
	}
	return false
}
