package sshd

import "aadssh/internal/check"

// Level and Finding are those of package check.
type (
	Level   = check.Answer
	Finding = check.Result
)

// The four answers.
const (
	Pass    = check.Pass
	Warn    = check.Warn
	Fail    = check.Fail
	Unknown = check.Unknown
)
