// Package host gives access to the machine: only this package runs commands and reads and
// writes files.
package host

import (
	"aadssh/internal/logging"
)

// Host is one machine. All code that reads or changes the machine takes a *Host, so that a
// test can pass another root and a strict fake runner.
type Host struct {
	Root   string // prefix of every path; "" on a real machine
	Runner Runner
	Log    *logging.Logger

	short   shortage
	denials denials
}
