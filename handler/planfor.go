package handler

import (
	"fmt"

	"aadsshlogin-handler/internal/decide"
	"aadsshlogin-handler/internal/state"
)

// GoalOf is what an operation wants of a machine: enable brings it to the wanted
// state, install also moves the packages to the newest version, and so does setup
// of a version (of this program) that has not set the machine up yet.
func GoalOf(operation, version string, owner state.Owner) (decide.Goal, error) {
	o, ok := findOperation(operation)
	if !ok || !o.converges {
		return decide.Goal{}, fmt.Errorf("%q plans nothing: install, enable and setup do", operation)
	}
	return decide.Goal{Newest: o.newest && !(o.standalone && again(owner, version))}, nil
}
