package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// BootClock is how long the machine has been up, its sleep included. Nobody can
// set it, so within one boot it tells how old something is (clock_gettime(2),
// CLOCK_BOOTTIME, since Linux 2.6.39). It is 0 where the kernel does not say.
func BootClock() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
