package watch

import (
	"path/filepath"
	"strings"

	"aadsshlogin-handler/internal/host"
)

// standing is what the agent makes of the version that a look is for.
type standing int

const (
	kept     standing = iota // it is the one that is installed
	dropped                  // the agent knows no version any more
	replaced                 // another version is installed
	unclear                  // the agent's folder is not there: a disk that is not mounted yet, for one
)

// stateFile is where the agent writes down how far it got with a version
// (waagent exthandlers.py, ExtHandlerState).
func stateFile(baseDir string) string { return filepath.Join(baseDir, "config", "HandlerState") }

func installed(h *host.Host, baseDir string) bool {
	b, err := h.ReadFile(stateFile(baseDir), 256)
	if err != nil {
		return false
	}
	switch strings.TrimSpace(string(b)) {
	case "Enabled", "Installed":
		return true
	}
	return false
}

// standingOf looks into the agent's folders. An agent that drops a handler runs
// no command of it: its folder is all that tells.
func standingOf(h *host.Host, r Record) standing {
	parent := filepath.Dir(r.BaseDir)
	if info, err := h.Stat(parent); err != nil || !info.IsDir() {
		return unclear
	}
	if installed(h, r.BaseDir) {
		return kept
	}
	if !r.Stateful && h.Exists(r.BaseDir) {
		return kept // an agent that keeps no such file
	}
	base := filepath.Base(r.BaseDir)
	if i := strings.LastIndexByte(base, '-'); i > 0 {
		for _, other := range h.Glob(filepath.Join(parent, base[:i]+"-*")) {
			if installed(h, other) {
				return replaced
			}
		}
	}
	return dropped
}
