package doctor

import (
	"cmp"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/order"
	"aadssh/internal/preflight"
)

// clock compares this machine's time with that of the endpoints that answered or, if none
// did, with that of the metadata service: if the clock is years off, no endpoint's
// certificate is valid.
func clock(m *machine) []check.Result {
	var off []time.Duration
	for _, p := range m.probes {
		if !p.server.IsZero() {
			off = append(off, p.at.Sub(p.server))
		}
	}
	if len(off) == 0 && m.Identity.Dated {
		off = []time.Duration{m.Identity.ClockAhead}
	}
	if len(off) == 0 {
		return []check.Result{{Answer: check.Unknown, Text: "No endpoint said what time it is, so the clock was not compared."}}
	}
	order.By(off, cmp.Compare)
	return []check.Result{preflight.Clock(off[len(off)/2])}
}
