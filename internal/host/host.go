// Package host is the machine as the handler may touch it: it runs commands
// and reads and writes files, and is the only place that does.
package host

import (
	"aadssh/internal/logging"
)

// Host is one machine. Everything that reads or changes the machine takes a
// *Host, so a test can hand in another root and a strict fake runner.
type Host struct {
	Root   string // prefix of every path; "" on a real machine
	Runner Runner
	Log    *logging.Logger

	short   shortage
	denials denials
}
