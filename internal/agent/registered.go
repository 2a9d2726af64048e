package agent

import (
	"path/filepath"

	"aadssh/internal/host"
	"aadssh/internal/names"
)

// Dirs are where the agents keep their extensions: the Azure Linux agent, and
// the Connected Machine agent of an Arc-enabled server, whose place is not
// documented as a contract; where it is another one, defaults are used.
func Dirs() []string { return []string{"/var/lib/waagent", "/var/lib/GuestConfig/downloads"} }

// Program is where this handler's program lies in the folder of a version. What
// has another there is somebody else's handler, of whatever name.
const Program = "bin/aadsshlogin-handler"

// Registered is one version of a handler that the agent has a folder of.
type Registered struct {
	_ [0]func() // never compared: no code for == is linked

	Name    names.Handler
	Version string
	Dir     string
	State   State // "": the agent keeps none, or we may not see it
	Own     bool  // it is this program's, not another handler of that name
}

// Active: the agent counts it as installed.
func (r Registered) Active() bool { return r.State.Active() }

// Coming: the agent is about to install it, or could not.
func (r Registered) Coming() bool { return r.State == NotInstalled }

// At is the version of a handler whose folder is dir.
func At(h *host.Host, dir string) Registered {
	full, version, _ := cutLast(filepath.Base(dir), "-")
	return Registered{Name: names.Of(full), Version: version, Dir: dir, State: StateOf(h, dir), Own: h.Exists(filepath.Join(dir, Program))}
}

// Versions are the versions of handlers that an agent has folders of, of each
// name in the order of the folders' names.
func Versions(h *host.Host, agentDir string, of ...names.Handler) (all []Registered) {
	for _, name := range of {
		for _, dir := range Folders(h, agentDir, name) {
			if info, err := h.Stat(dir); err == nil && info.IsDir() {
				all = append(all, At(h, dir))
			}
		}
	}
	return all
}

// Everywhere is Versions in every agent's folder, of the handlers that bring the
// login packages.
func Everywhere(h *host.Host) (all []Registered) {
	for _, dir := range Dirs() {
		all = append(all, Versions(h, dir, names.Current()...)...)
	}
	return all
}
