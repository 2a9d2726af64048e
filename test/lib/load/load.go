// Package load gives tests more time on a busy machine, for limits that have to be short
// because the test, or a real program, waits until they have passed.
package load

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// most limits the factor: a test should still end on an overloaded machine.
const most = 10

// Scaled is a limit that is long enough on an idle machine, multiplied by the number of
// runnable processes per processor; a limit of seconds stays in whole seconds.
func Scaled(limit time.Duration) time.Duration {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return limit
	}
	return scaled(limit, string(b), runtime.NumCPU())
}

// work is how long one run of the handler, or of a package manager, takes by itself on an
// idle machine, rounded up.
const work = 3 * time.Second

// Budget is a limit for which a test waits in full, and which therefore must not grow as a
// whole: only the time for the work in it is scaled.
func Budget(limit time.Duration) time.Duration { return limit + Scaled(work) - work }

// scaled is Scaled for a content of /proc/loadavg, proc_loadavg(5).
func scaled(limit time.Duration, averages string, processors int) time.Duration {
	lastMinute, _, _ := strings.Cut(averages, " ")
	processes, err := strconv.ParseFloat(lastMinute, 64)
	if err != nil {
		return limit
	}
	factor := min(max(processes/float64(processors), 1), most)
	longer := time.Duration(float64(limit) * factor)
	if longer > time.Second {
		longer = longer.Round(time.Second)
	}
	return max(longer, limit)
}
