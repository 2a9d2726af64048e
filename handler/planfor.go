package handler

import (
	"fmt"

	"aadsshlogin-handler/internal/decide"
	"aadsshlogin-handler/internal/facts"
)

// PlanFor is what an operation would do on a machine: "enable" brings it to the
// wanted state, "install" also moves the packages to the newest version, and so
// does "setup" of a version (of this program) that has not set the machine up yet.
func PlanFor(operation, version string, f facts.Facts) (decide.Plan, error) {
	o, ok := findOperation(operation)
	if !ok || operation != "install" && operation != "enable" && operation != "setup" {
		return decide.Plan{}, fmt.Errorf("%q plans nothing: install, enable and setup do", operation)
	}
	return decide.NewPlan(f, decide.Goal{Newest: o.newest && !(o.standalone && again(f.Owner, version))})
}
