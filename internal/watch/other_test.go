package watch

import (
	"testing"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/names"
	"aadssh/internal/state"
	"aadssh/status"
)

// TestBesideAnother: what another handler may have done counts when it is found a second
// time. Nothing is decided while the agent works on that handler. Once it is gone together
// with the packages, there is nothing left to watch.
func TestBesideAnother(t *testing.T) {
	gone := failure(fault.PackageManagerFailed, "packages", "Not installed.").repairable()
	gone.Gone = true
	drift := failure(fault.VerificationFailed, "sshd-command", "The block is missing.").repairable()
	there := otherHandler{name: "P.N", there: true}
	deleted := otherHandler{name: "P.N"}
	coming := otherHandler{name: "P.N", coming: true}
	no := status.Report{Level: status.Failure, Code: int(fault.IdentityMissing)}
	type step struct {
		seen      Observation
		other     otherHandler
		told      status.Report
		fix, ends bool
	}
	ok := status.Report{Level: status.Success}
	for name, steps := range map[string][]step{
		"away for a moment":       {{gone, there, ok, false, false}, {well(), there, ok, false, false}, {gone, there, ok, false, false}},
		"away for good":           {{gone, there, ok, false, false}, {gone, there, ok, true, false}},
		"drift beside it":         {{drift, there, ok, false, false}, {drift, there, ok, true, false}},
		"drift alone":             {{drift, otherHandler{}, ok, true, false}},
		"upgrade":                 {{gone, coming, ok, false, false}, {gone, coming, ok, false, false}, {gone, coming, ok, false, false}, {gone, there, ok, false, false}},
		"deleted":                 {{gone, deleted, ok, false, false}, {gone, deleted, ok, false, true}},
		"deleted, packages stay":  {{well(), deleted, ok, false, false}, {well(), deleted, ok, false, false}},
		"deleted for a moment":    {{gone, deleted, ok, false, false}, {gone, there, ok, false, false}, {gone, deleted, ok, false, false}},
		"first installation":      {{gone, otherHandler{}, no, false, false}, {gone, otherHandler{}, no, true, false}},
		"its identity flickers":   {{gone, otherHandler{}, no, false, false}, {failure(fault.IdentityMissing, "identity", "None."), otherHandler{}, no, false, false}},
		"the package was removed": {{gone, otherHandler{}, ok, true, false}},
	} {
		m, now := Memory{}, time.Unix(1e9, 0)
		for i, s := range steps {
			d := decide(s.told, s.seen, s.other, m, false, now)
			if d.repair != s.fix || d.leave != s.ends {
				t.Errorf("%s, look %d: repair %v, leave %v", name, i+1, d.repair, d.leave)
			}
			m, now = d.memory, now.Add(time.Minute)
		}
	}
}

// TestLookBeside reads the agent's folders, and records the other handler.
func TestLookBeside(t *testing.T) {
	h := testHost(t)
	at := func(version string) string { return agent.Dirs()[0] + "/" + names.Microsoft().Full() + "-" + version }
	look := func() otherHandler {
		t.Helper()
		b, err := findOther(h, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	put(t, h, at("1.0")+"/config/HandlerState", "Enabled")
	if got := look(); got != (otherHandler{}) {
		t.Errorf("without setup: %+v", got)
	}
	if err := (state.Owner{Setup: true, Version: "1"}).Write(h); err != nil {
		t.Fatal(err)
	}
	if got := look(); !got.there || got.coming || got.name != names.Microsoft().Full() {
		t.Errorf("it is there: %+v", got)
	}
	put(t, h, at("1.0")+"/config/HandlerState", "NotInstalled")
	if got := look(); got.there || !got.coming || got.name == "" {
		t.Errorf("it is coming: %+v", got)
	}
	if b, err := findOther(h, time.Now().Add(time.Hour)); err != nil || b.coming {
		t.Errorf("an hour later: %+v, %v", b, err)
	}
	put(t, h, at("1.0")+"/bin/aadsshlogin-handler", "ours")
	put(t, h, at("1.0")+"/config/HandlerState", "Enabled")
	if got := look(); got.there {
		t.Errorf("our own is no other: %+v", got)
	}
}
