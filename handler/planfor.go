package handler

import (
	"fmt"

	"aadsshlogin-handler/internal/facts"
)

// PlanFor is what an operation would do on a machine: "enable" brings it to the
// wanted state, "install" also moves the packages to the newest version.
func PlanFor(operation string, f facts.Facts) (Plan, error) {
	o, ok := findOperation(operation)
	if !ok || operation != "install" && operation != "enable" {
		return Plan{}, fmt.Errorf("%q plans nothing: install and enable do", operation)
	}
	return NewPlan(f, goal{newest: o.newest})
}

// String is the kind in one stable word.
func (k Kind) String() string {
	switch k {
	case Transport:
		return "transport"
	case FetchKey:
		return "fetch-key"
	case DropFile:
		return "drop-file"
	case WriteFile:
		return "write-file"
	case ImportKey:
		return "import-key"
	case Refresh:
		return "refresh"
	case Repair:
		return "repair"
	case Install:
		return "install"
	case PutBack:
		return "put-back"
	case Replace:
		return "replace"
	case Reinstall:
		return "reinstall"
	case Reload:
		return "reload"
	}
	return fmt.Sprintf("kind-%d", int(k))
}
