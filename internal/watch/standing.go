package watch

import (
	"path/filepath"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/state"
)

// standing is what became of the program that a look is for.
type standing int

const (
	kept     standing = iota // it is the one that is installed
	dropped                  // the agent knows no version any more
	replaced                 // another version is installed, or somebody else owns the machine
	unclear                  // the agent's folder is not there: a disk that is not mounted yet, for one
)

// standingOf looks into the agent's folders. An agent that drops a handler runs
// no command of it: its folder is all that tells. For setup it is written down
// who owns the machine.
func standingOf(h *host.Host, r Record) standing {
	if r.BaseDir == agent.StandaloneDir {
		if o, found, err := state.ReadOwner(h); err == nil && found && !o.Setup {
			return replaced
		}
		return kept
	}
	parent := filepath.Dir(r.BaseDir)
	if info, err := h.Stat(parent); err != nil || !info.IsDir() {
		return unclear
	}
	if agent.StateOf(h, r.BaseDir).Active() {
		return kept
	}
	if !r.Stateful && h.Exists(r.BaseDir) {
		return kept // an agent that keeps no such file
	}
	for _, other := range agent.Siblings(h, r.BaseDir) {
		if agent.StateOf(h, other).Active() {
			return replaced
		}
	}
	return dropped
}
