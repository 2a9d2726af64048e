package identity

import (
	"context"
	"time"
)

// allTries is so many that only the schedule limits the tries.
const allTries = 10

// waits is the documented schedule (Microsoft Learn, "How to use managed identities ... to
// acquire an access token", retry guidance): 404, 410, 429, 5xx and timeouts are retried
// after 2, 6, 14 and 30 seconds, other 4xx never. A service that is being updated may take
// 70 seconds, so it gets one more try at the end of them. Without a route, it is only worth
// waiting for a network that is just coming up.
func (r *reply) waits() []time.Duration {
	seconds := func(n ...time.Duration) []time.Duration {
		for i := range n {
			n[i] *= time.Second
		}
		return n
	}
	switch r.outcome {
	case updating:
		return seconds(2, 6, 14, 30, 18)
	case throttled, failing, silent, slow, broken:
		return seconds(2, 6, 14, 30)
	case intercepted:
		if r.status >= 500 {
			return seconds(2, 6, 14, 30)
		}
	case unreachable, closed:
		return seconds(2, 6)
	}
	return nil
}

// persist tries until a response would not change with more tries, at most again times
// more, or until the next try would be after the end of the context: it never sleeps
// without a try afterwards.
func (c *client) persist(ctx context.Context, again int, try func(context.Context) reply) reply {
	var before reply
	for n := 0; ; n++ {
		r := try(ctx)
		if r.outcome == stopped && n > 0 {
			return before // says more than that the time was over
		}
		before = r
		waits := r.waits()
		if n >= len(waits) || n >= again {
			return r
		}
		wait := max(waits[n], r.wait)
		if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait {
			c.log.Infof("%s: another try after %s would be too late", r.brief(), wait)
			return r
		}
		c.log.Infof("%s: trying again in %s", r.brief(), wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return r
		}
	}
}
