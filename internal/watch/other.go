package watch

import (
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/state"
)

// otherHandler is another handler, on a machine that was set up without an agent, that
// installs the same packages. Its upgrade removes them for a moment, its deletion for good.
type otherHandler struct {
	name   string // publisher and type; "": there was none
	there  bool   // the agent has it
	coming bool   // the agent is installing or upgrading it
}

// deleted: it is gone, and its packages with it.
func (b otherHandler) deleted(seen Observation) bool { return b.name != "" && !b.there && seen.Gone }

// atWork is how long an agent may work on a version: it gives an installation 900 seconds
// and an uninstallation 300 (waagent exthandlers.py).
const atWork = 20 * time.Minute

// findOther finds the other handler, and records it at the first check that finds it
// enabled: only then can its deletion be distinguished from a package that somebody
// removed.
func findOther(h *host.Host, now time.Time) (otherHandler, error) {
	owner, found, err := state.ReadOwner(h)
	if err != nil || !found || !owner.Setup {
		return otherHandler{}, err
	}
	b := otherHandler{name: owner.OtherHandler}
	for _, other := range agent.Everywhere(h) {
		if other.Own {
			continue
		}
		if other.Active() {
			b.name, b.there = other.Name.Full(), true
		}
		if other.Coming() {
			info, err := h.Stat(agent.StateFile(other.Dir))
			b.coming = b.coming || err == nil && now.Sub(info.ModTime()).Abs() < atWork
		}
	}
	if b.name != owner.OtherHandler {
		owner.OtherHandler = b.name
		return b, owner.Write(h)
	}
	return b, nil
}
