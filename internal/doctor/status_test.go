package doctor

import "testing"

// What was said last decides nothing about a machine that was looked at now.
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
