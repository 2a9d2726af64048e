package agent

import (
	"path/filepath"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/names"
)

// State is how far the agent got with one version of a handler (waagent exthandlers.py,
// ExtHandlerState). It is "" if the agent records none.
type State string

// NotInstalled is the state of a version that the agent is about to install, or
// has uninstalled.
const NotInstalled State = "NotInstalled"

// Active reports whether the agent counts the version as installed.
func (s State) Active() bool { return s == "Enabled" || s == "Installed" }

// StateFile is the file in which the agent records the state.
func StateFile(folder string) string { return filepath.Join(folder, "config", "HandlerState") }

// StateOf is the state of the version in a folder.
func StateOf(h *host.Host, folder string) State {
	b, err := h.ReadFile(StateFile(folder), 256)
	if err != nil {
		return ""
	}
	return State(strings.TrimSpace(string(b)))
}

// Folders are the folders of all versions of a handler in the agent's folder.
func Folders(h *host.Host, agentDir string, handler names.Handler) []string {
	return h.Glob(filepath.Join(agentDir, handler.Full()+"-*"))
}

// Siblings are the folders of all versions of the handler that folder belongs to.
func Siblings(h *host.Host, folder string) []string {
	name, _, ok := splitName(filepath.Base(folder))
	if !ok {
		return nil
	}
	return h.Glob(filepath.Join(filepath.Dir(folder), name+"-*"))
}

// Sibling is the folder of another version.
func (e Environment) Sibling(version string) string {
	return strings.TrimSuffix(e.BaseDir, "-"+e.Version) + "-" + version
}
