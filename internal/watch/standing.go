package watch

import (
	"path/filepath"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/state"
)

// standing is the state of the program that the watch was installed for.
type standing int

const (
	kept     standing = iota // it is installed
	dropped                  // the agent has no version of it any more
	replaced                 // another version is installed, or another program owns the machine
	unclear                  // the agent's folder is missing: a disk may not be mounted yet, for example
)

// standingOf reads the agent's folders. An agent that drops a handler runs none of its
// commands: only the folder shows it. For setup, the owner of the machine is recorded.
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
		return kept // an agent that has no such file
	}
	for _, other := range agent.Siblings(h, r.BaseDir) {
		if agent.StateOf(h, other).Active() {
			return replaced
		}
	}
	return dropped
}
