package handler

import (
	"fmt"

	"aadssh/internal/decide"
	"aadssh/internal/state"
)

// GoalOf is what an operation of a version of this program wants of a machine with this
// owner and this receipt.
func GoalOf(operation, version string, owner state.Owner, receipt state.Receipt) (decide.Goal, error) {
	o, ok := findOperation(operation)
	if !ok || !o.converges {
		return decide.Goal{}, fmt.Errorf("%q plans nothing: install, enable and setup do", operation)
	}
	if !o.standalone && owner.Handler != "" {
		version = owner.Version // the version of the agent's folder counts, not the program's
	}
	return o.goal(version, owner, receipt), nil
}

// goal is what an operation of a version wants of a machine. install updates the packages
// to the newest version. setup does so once for each version of itself: later package
// versions are left to the administrator's own updates. enable leaves the packages, unless
// the install before it never got to search for newer ones.
func (o operation) goal(version string, owner state.Owner, receipt state.Receipt) decide.Goal {
	owed := receipt.Looked != "" && receipt.Looked != version
	switch {
	case o.standalone:
		return decide.Goal{Newest: o.newest && (receipt.Looked != version || !owner.Setup || owner.Version != version)}
	case o.decides:
		return decide.Goal{Newest: owed}
	}
	return decide.Goal{Newest: o.newest}
}
