// Package fault defines what can go wrong, under which exit code, and who must act. Of this
// project it imports only leaf packages.
package fault

import (
	"errors"
	"fmt"
	"strings"

	"aadssh/internal/text"
)

// Code is an exit code of the handler. All codes are below 126, where the shell's own codes
// begin.
type Code int

// The exit codes. The catalogue has their meaning, who must act, and the next step.
const (
	OK                    Code = 0
	Internal              Code = 1
	Usage                 Code = 2
	RepositoryUnreachable Code = 20
	VerificationFailed    Code = 21
	IdentityMissing       Code = 22
	LegacyInstalled       Code = 23
	MemoryTooSmall        Code = 24
	PackageManagerBusy    Code = 25
	PackageManagerFailed  Code = 26
	RepositoryUntrusted   Code = 27
	PackageUnavailable    Code = 28
	IdentityUnknown       Code = 29
	Disk                  Code = 30
	StillRunning          Code = 31
	Resources             Code = 32
	DistroUnsupported     Code = 51
	SettingsInvalid       Code = 53
)

// Fault is an error with an exit code and a next step. What and Next are one line each and
// are shown to people; Err is the cause and only goes to the log.
type Fault struct {
	_ [0]func() // never compared: no code for == is linked

	Code Code
	What string // what is wrong on this machine
	Next string // what to do about it; empty: the catalogue's next step
	Err  error
}

// New makes a fault from its two lines.
func New(code Code, what, next string) *Fault {
	return &Fault{Code: code, What: what, Next: next}
}

// Wrap makes a fault with a cause.
func Wrap(err error, code Code, what, next string) *Fault {
	return &Fault{Code: code, What: what, Next: next, Err: err}
}

// Error is what is wrong together with the cause, for the log.
func (f *Fault) Error() string {
	if f.Err != nil {
		return fmt.Sprintf("%s: %v", strings.TrimSuffix(f.What, "."), f.Err)
	}
	return f.What
}

// Unwrap returns the cause to errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.Err }

// Of finds the fault in err: nil for nil, and a fault of code Internal if err contains
// none.
func Of(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{Code: Internal, What: "The handler met an error that it has no name for: " + err.Error(), Err: err}
}

// Lines are what is wrong and the next step as they are shown to people: names in them may
// have been chosen by anybody.
func (f *Fault) Lines() (what, next string) { return text.Shown(f.What), text.Shown(f.Remedy()) }

// Remedy is the next step: the fault's own, or else that of its code.
func (f *Fault) Remedy() string {
	if f.Next != "" {
		return f.Next
	}
	if e, ok := Find(fmt.Sprint(int(f.Code))); ok {
		return e.Next
	}
	return ""
}
