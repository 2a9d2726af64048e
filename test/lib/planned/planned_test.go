//go:build rig

package planned

import (
	"slices"
	"testing"
)

// TestBegun: a step that was decided during the run does not count as a step of the plan;
// the planned steps after it do.
func TestBegun(t *testing.T) {
	steps := []string{"reinstall a: \"x\"", "reload"}
	again := "msg=\"started: reinstall a: \\\"x\\\"\"\n"
	onTheWay, reload := "msg=\"reinstalling did not help, a newer version is looked for\"\n", "msg=\"started: reload\"\n"
	for log, want := range map[string][]string{
		"":                                nil,
		again + reload:                    steps,
		again + onTheWay:                  steps[:1],
		again + onTheWay + reload:         steps,
		again + onTheWay + again + reload: steps,
		reload + again:                    {steps[1], steps[0]},
	} {
		if got := begun(log, steps); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", log, got, want)
		}
	}
}
