package pkgmgr

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// LockWait is how long a manager that can wait for a lock is told to wait: it covers the
// moment between our finding the lock free and the manager's taking it.
const LockWait = time.Minute

// retries counts how often an overloaded server was tried again.
type retries int

// wait pauses before the next try, three times as long as before and with jitter, because
// the whole scale set may be asking. It returns false if there is no further try.
func (r *retries) wait(ctx context.Context, s *Session) bool {
	const tries = 3
	if *r >= tries {
		return false
	}
	pause := 8 * s.pause()
	for range *r {
		pause *= 3
	}
	*r++
	return s.sleep(ctx, pause/2+rand.N(pause))
}

func (s *Session) pause() time.Duration {
	if s.Pause <= 0 {
		return 500 * time.Millisecond
	}
	return s.Pause
}

// sleepWhileHeld waits for d, or until a lock that the manager has just reported, and that
// we can check, is released. It returns false if ctx would end before there is time left to
// do something.
func (s *Session) sleepWhileHeld(ctx context.Context, d time.Duration) bool {
	seen := s.busy(s.Manager.Told) != nil
	for seen && d > s.pause() {
		if !s.sleep(ctx, s.pause()) {
			return false
		}
		if s.busy(s.Manager.Told) == nil {
			return true
		}
		d -= s.pause()
	}
	return s.sleep(ctx, d)
}

// busy is the fault that names the holder of one of the manager's locks; nil if none is
// held.
func (s *Session) busy(locks []host.Lock) *fault.Fault {
	holder, held := s.Host.LockHolder(locks)
	if !held {
		return nil
	}
	next := fmt.Sprintf("Look at it with: ps -fp %d"+whenEnded, holder.PID)
	if holder.PID == 0 {
		next = fmt.Sprintf("See who it is with: fuser -v %s"+whenEnded, holder.File)
	}
	return fault.New(fault.PackageManagerBusy,
		fmt.Sprintf("Another program is using %s: %s holds %s.", s.Manager.Name, holder, holder.File), next)
}

// sleep waits for d, and returns false if ctx would end before there is time left to do
// something.
func (s *Session) sleep(ctx context.Context, d time.Duration) bool {
	if left, ok := s.left(ctx); ok && left < d {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// left is how much longer ctx allows to wait.
func (s *Session) left(ctx context.Context) (time.Duration, bool) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0, false
	}
	reserve := s.Reserve
	if reserve <= 0 {
		reserve = 10 * time.Second
	}
	return time.Until(deadline) - reserve, true
}

// lockWait is how long the manager is told to wait for a lock: never longer than our own
// time, or its waiting would look like work in progress.
func (s *Session) lockWait(ctx context.Context) time.Duration {
	wait := s.LockWait
	if wait <= 0 {
		wait = LockWait
	}
	if left, ok := s.left(ctx); ok {
		wait = min(wait, left)
	}
	return max(wait, 0).Truncate(time.Second)
}
