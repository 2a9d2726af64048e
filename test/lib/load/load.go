// Package load gives tests more time on a busy machine, where a limit has to be short:
// the test waits until it has passed, or something real has it.
package load

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// most bounds the factor: a test should still end on a machine that is hopeless.
const most = 10

// Scaled is a limit that is long enough on an idle machine, multiplied by how many
// processes there are for each processor, in whole seconds where it is that long.
func Scaled(limit time.Duration) time.Duration {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return limit
	}
	return scaled(limit, string(b), runtime.NumCPU())
}

// work is what one run of the handler, or of a package manager, has to do by itself on an
// idle machine, rounded up.
const work = 3 * time.Second

// Budget is a limit which a test waits for in full, so that it may not grow as a whole: it
// is longer by what the work in it takes more.
func Budget(limit time.Duration) time.Duration { return limit + Scaled(work) - work }

// scaled is Scaled by the text of /proc/loadavg, proc_loadavg(5).
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
