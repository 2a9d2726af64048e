package doctor

import (
	"testing"
	"time"
)

// The last report decides nothing about a machine that was examined now.
func TestStatusEndsWithHealth(t *testing.T) {
	for _, c := range []struct {
		said   int
		health *Verdict
		want   int
	}{{0, &Verdict{Code: 21}, 21}, {22, &Verdict{}, 0}, {31, nil, 31}} {
		if got := (Status{Code: c.said, Health: c.health}).Exit(); got != c.want {
			t.Errorf("%d was said, and the machine is %+v: %d, want %d", c.said, c.health, got, c.want)
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	for past, want := range map[time.Duration]string{
		59 * time.Second:  "just now",
		60 * time.Second:  "1 minute ago",
		119 * time.Second: "1 minute ago",
		2 * time.Minute:   "2 minutes ago",
		60 * time.Minute:  "1 hour ago",
		47 * time.Hour:    "47 hours ago",
		48 * time.Hour:    "2 days ago",
		-time.Hour:        "just now",
	} {
		if got := ago(now, now.Add(-past)); got != want {
			t.Errorf("%s: %q, want %q", past, got, want)
		}
	}
}
