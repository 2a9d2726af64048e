package host

import (
	"strconv"
	"strings"
	"time"
)

// ticks is how many ticks per second the kernel uses for the times of processes (USER_HZ,
// proc(5)): the same on every architecture that this is built for.
const ticks = 100

// Started is when a process started, rounded up to a second, according to the current
// clock; zero: there is no such process, or it is not known.
func (h *Host) Started(pid int) time.Time {
	stat, err := h.ReadFile("/proc/"+strconv.Itoa(pid)+"/stat", 64<<10)
	if err != nil || pid <= 0 {
		return time.Time{}
	}
	system, err := h.ReadFile("/proc/stat", 4<<20)
	if err != nil {
		return time.Time{}
	}
	// The name, field 2, may contain spaces and parentheses: count from the last one.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	_, boot, found := strings.Cut(string(system), "\nbtime ")
	boot, _, _ = strings.Cut(boot, "\n")
	booted, err := strconv.ParseInt(boot, 10, 64)
	if len(fields) < 20 || !found || err != nil {
		return time.Time{}
	}
	after, err := strconv.ParseInt(fields[19], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(booted+after/ticks+1, 0)
}
