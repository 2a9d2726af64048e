// Package status writes the file that the agent reads after an operation; the portal and
// the instance view show its content. It imports nothing of this project but a few leaf
// packages.
package status

// Level is one of the four words that the agent accepts. It compares them
// exactly: "Success" counts as an error (WALinuxAgent exthandlers.py,
// validate_status_data).
type Level string

// The levels. Success and Failure end an operation; the platform keeps waiting
// on the other two.
const (
	Success       Level = "success"
	Failure       Level = "error"
	Warning       Level = "warning"
	Transitioning Level = "transitioning"
)

// Report is the outcome of an operation.
type Report struct {
	Operation   string // "Enable"
	Level       Level
	Code        int // the exit code of the operation
	Message     string
	Substatuses []Substatus
}

// Substatus is the outcome of one check.
type Substatus struct {
	Name    string
	Level   Level
	Code    int
	Message string
}

// known is l if the agent accepts it, and otherwise Failure: the agent itself treats an
// unknown level of a report as an error, and refuses the whole file, with its message, for
// an unknown level of a substatus.
func (l Level) known() Level {
	switch l {
	case Success, Failure, Warning, Transitioning:
		return l
	}
	return Failure
}
