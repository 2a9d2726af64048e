package handler

import (
	"context"
	"slices"
	"time"

	"aadssh/internal/facts"
)

// leave is how long the session of somebody who has signed out may take to end. systemd's
// manager of the user waits ten seconds by default (logind.conf(5), UserStopDelaySec).
const leave = 30 * time.Second

// staying are the people who are signed in. It waits for those who have just signed out:
// their accounts are in use until systemd has cleaned up.
func (r *run) staying(ctx context.Context) []facts.Session {
	ctx, cancel := context.WithTimeout(ctx, leave)
	defer cancel()
	for {
		people := facts.Sessions(r.host)
		atWork := slices.ContainsFunc(people, func(s facts.Session) bool { return !s.Leaving })
		if atWork || len(people) == 0 {
			return people
		}
		select {
		case <-ctx.Done():
			return people
		case <-time.After(time.Second):
		}
	}
}
