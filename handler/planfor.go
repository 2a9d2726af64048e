package handler

import (
	"fmt"

	"aadsshlogin-handler/internal/decide"
	"aadsshlogin-handler/internal/facts"
)

// PlanFor is what an operation would do on a machine: "enable" brings it to the
// wanted state, "install" also moves the packages to the newest version.
func PlanFor(operation string, f facts.Facts) (decide.Plan, error) {
	o, ok := findOperation(operation)
	if !ok || operation != "install" && operation != "enable" {
		return decide.Plan{}, fmt.Errorf("%q plans nothing: install and enable do", operation)
	}
	return decide.NewPlan(f, decide.Goal{Newest: o.newest})
}
