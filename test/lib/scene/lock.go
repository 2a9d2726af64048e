package scene

import (
	"context"
	"errors"
	"time"

	"aadssh/test/lib/box"
)

// LockHolder is a Python program that holds dpkg's lock until it is killed, as
// unattended-upgrades does at a first boot. It creates Held when it has the lock.
const LockHolder = `import fcntl, time
f = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open("` + Held + `", "w").close()
time.sleep(100000)
`

// Held is the file that shows that LockHolder has the lock.
const Held = "/run/held"

// HoldLock starts LockHolder, and waits until it has the lock.
func (s *Scene) HoldLock(ctx context.Context) error {
	if _, err := s.Start(box.Environment(), "python3", "-c", LockHolder); err != nil {
		return err
	}
	for range 6000 {
		if s.Exists(Held) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("nobody took the lock")
}
