package decide

import (
	"path/filepath"
	"testing"

	"aadssh/test/lib/golden"
)

// The plan for a fresh machine of every supported release is in testdata/plans.
// UPDATE_GOLDEN=1 go test ./internal/decide renders them again, so a change of a row is
// visible in the diff.
func TestPlansOfFreshMachines(t *testing.T) {
	fixtures, err := filepath.Glob("../../distro/testdata/os-release/*")
	if err != nil || len(fixtures) < 30 {
		t.Fatalf("%d os-release fixtures, %v", len(fixtures), err)
	}
	plans := map[string]bool{}
	for _, fixture := range fixtures {
		f, supported := fresh(t, fixture)
		if !supported {
			continue
		}
		p, err := NewPlan(&f, Goal{Newest: true})
		if err != nil {
			t.Errorf("%s: %v", fixture, err)
			continue
		}
		name := filepath.Base(fixture)
		plans[name] = true
		golden.Compare(t, filepath.Join("testdata", "plans", name), f.Target.Name+"\n\n"+PlanText(p))
	}
	left, _ := filepath.Glob("testdata/plans/*")
	for _, file := range left {
		if !plans[filepath.Base(file)] {
			t.Errorf("%s is of no row", file)
		}
	}
}
