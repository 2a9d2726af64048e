package doctor

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"aadssh/status"
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

// What another program's handler wrote is neither trusted to be fit for a terminal nor
// called a success because it gives no code.
func TestStatusOfAnotherProgram(t *testing.T) {
	for level, want := range map[status.Level]string{status.Success: "ok", status.Transitioning: "transitioning", status.Failure: "error"} {
		var s Status
		s.take(&status.Report{Operation: "Enable", Level: level, Message: "a\x1b[2Jb\r\nc",
			Substatuses: []status.Substatus{{Name: "x\x07", Level: level, Message: "d\x1b]0;e"}}})
		if s.Name != want {
			t.Errorf("%s without a code is %q", level, s.Name)
		}
		said := s.Message + s.Parts[0].Name + s.Parts[0].Text
		if strings.ContainsFunc(said, unicode.IsControl) {
			t.Errorf("%q", said)
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
