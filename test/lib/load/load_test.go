package load

import (
	"testing"
	"time"
)

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		averages string
		limit    time.Duration
		want     time.Duration
	}{
		{"0.10 0.20 0.30 1/200 4711\n", 16 * time.Second, 16 * time.Second},
		{"8.00 2.00 1.00 9/200 4711\n", 16 * time.Second, 64 * time.Second},
		{"8.10 2.00 1.00 9/200 4711\n", 16 * time.Second, 65 * time.Second},
		{"2.20 2.00 1.00 9/200 4711\n", 1500 * time.Millisecond, 2 * time.Second},
		{"8.00 2.00 1.00 9/200 4711\n", 100 * time.Millisecond, 400 * time.Millisecond},
		{"900.00 2.00 1.00 9/200 4711\n", time.Second, 10 * time.Second},
		{"", time.Second, time.Second},
	} {
		if got := scaled(c.limit, c.averages, 2); got != c.want {
			t.Errorf("%s at %q: got %s, want %s", c.limit, c.averages, got, c.want)
		}
	}
	if got := Budget(time.Minute); got < time.Minute || got > time.Minute+(most-1)*work {
		t.Errorf("here and now a budget of a minute is %s", got)
	}
	if got := Scaled(time.Second); got < time.Second || got > most*time.Second {
		t.Errorf("here and now a second is %s", got)
	}
}
