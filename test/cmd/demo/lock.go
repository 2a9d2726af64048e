package main

import (
	"context"
	"errors"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/scene"
)

func wrongKey() []byte { return keys.Wrong().Public }

// holdLock makes another program of the machine hold dpkg's lock, as unattended-upgrades
// does at a first boot.
func holdLock(ctx context.Context, s *scene.Scene) error {
	const program = `
import fcntl, time
f = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open("/run/held", "w").close()
time.sleep(600)
`
	if _, err := s.Start(box.Environment(), "python3", "-c", program); err != nil {
		return err
	}
	for range 100 {
		if s.Exists("/run/held") {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("nobody took the lock")
}
