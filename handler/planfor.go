package handler

import (
	"fmt"

	"aadssh/internal/decide"
	"aadssh/internal/state"
)

// GoalOf is what an operation of self, which runs it, wants of a machine with this owner and
// this receipt.
func GoalOf(operation string, self, owner state.Owner, receipt state.Receipt) (decide.Goal, error) {
	o, ok := findOperation(operation)
	if !ok || !o.converges {
		return decide.Goal{}, fmt.Errorf("%q plans nothing: install, enable and setup do", operation)
	}
	return o.goal(self, owner, receipt), nil
}

// goal is what an operation of self wants of a machine. install updates the packages
// to the newest version. setup does so once for each version of itself: later package
// versions are left to the administrator's own updates. enable leaves the packages, unless
// the install before it never got to search for newer ones. The folder that the agent gave
// a handler has its version, which need not be the program's.
func (o operation) goal(self, owner state.Owner, receipt state.Receipt) decide.Goal {
	records := o.converges && !self.SameProgram(owner)
	switch {
	case o.standalone: // its settings and its status are in the state folder
		return decide.Goal{Records: true, Newest: o.newest && (receipt.Looked != self.Version || records)}
	case o.decides:
		return decide.Goal{Records: records, Newest: receipt.Looked != "" && receipt.Looked != self.Version}
	}
	return decide.Goal{Records: records, Newest: o.newest}
}
