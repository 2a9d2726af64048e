package handler

import (
	"testing"

	"aadssh/internal/state"
)

// TestGoal: which operations search for newer packages. enable does so once if install
// could not.
func TestGoal(t *testing.T) {
	ours := func(version string) state.Owner { return state.Owner{Setup: true, Version: version} }
	for _, c := range []struct {
		operation, looked string
		owner             state.Owner
		newest            bool
	}{
		{"install", "", state.Owner{}, true},
		{"install", "2", state.Owner{}, true},
		{"enable", "", state.Owner{}, false},
		{"enable", "2", state.Owner{}, false},
		{"enable", "1", state.Owner{}, true},
		{"setup", "", state.Owner{}, true},
		{"setup", "", ours("2"), true}, // it was killed before it could write down that it has looked
		{"setup", "2", ours("2"), false},
		{"setup", "1", ours("2"), true}, // it owns the machine already, and was interrupted
		{"setup", "1", ours("1"), true},
	} {
		self := state.Owner{Version: "2"}
		if self.Setup = c.operation == "setup"; !self.Setup {
			self.Handler = "us"
		}
		got, err := GoalOf(c.operation, self, c.owner, state.Receipt{Looked: c.looked})
		if err != nil || got.Newest != c.newest {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
	if watch := watchOperation().goal(state.Owner{Version: "2"}, state.Owner{}, state.Receipt{Looked: "1"}); watch.Newest || watch.Records {
		t.Error("a look of the watch moves packages, or owns the machine")
	}
}
