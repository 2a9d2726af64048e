package preflight

import (
	"strings"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/fault"
)

// TestClock: only a clock with which no certificate can be valid fails a machine, and a
// missing date has no effect.
func TestClock(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, c := range []struct {
		name  string
		dated bool
		ahead time.Duration
		want  check.Answer // Pass: nothing is said
		says  string
	}{
		{"nobody said", false, year, check.Pass, ""},
		{"right", true, 0, check.Pass, ""},
		{"a moment", true, -30 * time.Second, check.Pass, ""},
		{"minutes", true, 2 * time.Minute, check.Warn, "2m ahead"},
		{"half an hour", true, -30 * time.Minute, check.Warn, "30m behind"},
		{"beyond a certificate's life", true, 61 * time.Minute, check.Fail, "ahead"},
		{"years", true, -5 * year, check.Fail, "behind"},
	} {
		var f facts.Facts
		f.Identity.Dated, f.Identity.ClockAhead = c.dated, c.ahead
		got := clock(&f)
		if c.want == check.Pass {
			if len(got) != 0 {
				t.Errorf("%s: %+v", c.name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Answer != c.want || !strings.Contains(got[0].Text, c.says) || got[0].Next == "" ||
			(got[0].Code == fault.VerificationFailed) != (c.want == check.Fail) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
