//go:build rig

package agentrun

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestCaptureKeepsWhatTheAgentKeeps(t *testing.T) {
	lines := func(n int) string { return "first\n" + strings.Repeat("x", n) + "\nlast" }
	for _, c := range []struct {
		name, out, err      string
		wantOut, wantErrEnd string
	}{
		{"short", "a", "b", "a", "b"},
		{"both long: neither first nor last", lines(5000), lines(5000), strings.Repeat("x", 1590), strings.Repeat("x", 1590)},
		{"short verdict, long noise", "verdict", lines(5000), "verdict", strings.Repeat("x", 1590*2-7)},
		{"not UTF-8", "a\xffb", "", `a\xffb`, ""},
	} {
		want := "[stdout]\n" + c.wantOut + "\n\n[stderr]\n" + c.wantErrEnd
		if got := capture([]byte(c.out), []byte(c.err)); got != want {
			t.Errorf("%s: got %d characters %.60q, want %d %.60q", c.name, len(got), got, len(want), want)
		}
	}
}

func TestStatusIsJudgedByTheAgentsRules(t *testing.T) {
	const ok = `{"lang":"en-US","message":"m"}`
	for _, c := range []struct {
		name, content, status string
		invalid, stops        bool
	}{
		{"success", `[{"status":{"status":"success","formattedMessage":` + ok + `,"substatus":[{"name":"a","status":"warning","formattedMessage":` + ok + `}]}}]`, "success", false, false},
		{"object", `{"status":{}}`, "error", true, false},
		{"empty", ``, "error", true, false},
		{"upper case", `[{"status":{"status":"Success","formattedMessage":` + ok + `}}]`, "error", true, false},
		{"no language", `[{"status":{"status":"success","formattedMessage":{"message":"m"}}}]`, "error", true, false},
		{"number for a message", `[{"status":{"status":"success","formattedMessage":{"lang":"en-US","message":5}}}]`, "error", true, false},
		{"substatus without status", `[{"status":{"status":"success","formattedMessage":` + ok + `,"substatus":[{"name":"a","formattedMessage":` + ok + `}]}}]`, "error", true, false},
		{"null", `[null]`, "error", true, true},
		{"not UTF-8", "\xff", "error", true, true},
		{"too large", `[{"status":{"status":"success","formattedMessage":{"lang":"en-US","message":"` + strings.Repeat("x", limitOfStatus) + `"}}}]`, "error", true, false},
	} {
		e := read([]byte(c.content), nil)
		if e.Status != c.status || (e.Invalid != "") != c.invalid || e.StopsOther != c.stops {
			t.Errorf("%s: got %+v", c.name, e)
		}
	}
	if e := read(nil, &fs.PathError{Err: errors.New("gone")}); e.Status != "transitioning" || !e.FromAgent {
		t.Errorf("missing file: got %+v", e)
	}
}

func TestVersionsAreComparedByNumber(t *testing.T) {
	for _, c := range [][2]string{{"1.0.9.0", "1.0.10.0"}, {"1.0", "1.0.1"}, {"", "1.0"}} {
		if !older(c[0], c[1]) || older(c[1], c[0]) {
			t.Errorf("%q is older than %q", c[0], c[1])
		}
	}
}
