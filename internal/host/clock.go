package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// BootClock is how long the machine has been up, including its sleep. It cannot be set, so
// within one boot it shows how old something is (clock_gettime(2), CLOCK_BOOTTIME, since
// Linux 2.6.39). It is 0 if the kernel does not support it.
func BootClock() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
