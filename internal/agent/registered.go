package agent

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"aadssh/internal/host"
	"aadssh/internal/names"
)

// Dirs are the folders in which the agents keep their extensions: the Azure Linux agent,
// and the Connected Machine agent of an Arc-enabled server. The latter's folder is not
// documented as a contract; if it is another one, nothing is found and defaults are used.
func Dirs() []string { return []string{"/var/lib/waagent", "/var/lib/GuestConfig/downloads"} }

// Program is the path of this handler's program in the folder of a version. A folder with
// another program there belongs to somebody else's handler, whatever its name.
const Program = "bin/aadsshlogin-handler"

const manifestFile = "HandlerManifest.json"

// Registered is one version of a handler for which the agent has a folder.
type Registered struct {
	_ [0]func() // never compared: no code for == is linked

	Name    names.Handler
	Version string
	Dir     string
	State   State // "": the agent records none, or we may not read it
	Own     bool  // the folder has this program, not another handler of that name
}

// Active reports whether the agent counts it as installed.
func (r Registered) Active() bool { return r.State.Active() }

// Coming reports whether the agent is about to install it, or tried and failed.
func (r Registered) Coming() bool { return r.State == NotInstalled }

// Leftover reports whether the agent does not count it as installed and the folder lacks
// the program that the agent would run.
func (r Registered) Leftover(h *host.Host) bool {
	return !r.Own && !r.Active() && (r.Missing(h) != "" || r.Coming() && !h.Exists(filepath.Join(r.Dir, manifestFile)))
}

// Missing is the path of the program that the agent would run for this version, if that is
// not there: the agent then fails with every command, and does not fetch a version again
// that it counts as installed. It is "" also if it is not known what the agent would run.
func (r Registered) Missing(h *host.Host) string {
	content, err := h.ReadFile(filepath.Join(r.Dir, manifestFile), 1<<20)
	if r.Own || err != nil {
		return ""
	}
	var manifest []struct {
		Handler struct {
			Enable string `json:"enableCommand"`
		} `json:"handlerManifest"`
	}
	if json.Unmarshal(content, &manifest) != nil || len(manifest) == 0 || manifest[0].Handler.Enable == "" {
		return ""
	}
	// The agent puts the folder before the command (waagent exthandlers.py, launch_command).
	name, _, _ := strings.Cut(manifest[0].Handler.Enable, " ")
	if program := filepath.Join(r.Dir, name); !h.Exists(program) {
		return program
	}
	return ""
}

// At is the version of a handler in the folder dir.
func At(h *host.Host, dir string) Registered {
	full, version, _ := splitName(filepath.Base(dir))
	return Registered{Name: names.Of(full), Version: version, Dir: dir, State: StateOf(h, dir), Own: h.Exists(filepath.Join(dir, Program))}
}

// Versions are the versions of handlers for which an agent has folders, ordered by folder
// name within each handler.
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

// Everywhere is Versions in every agent's folder, of the handlers that install the login
// packages.
func Everywhere(h *host.Host) (all []Registered) {
	for _, dir := range Dirs() {
		all = append(all, Versions(h, dir, names.Current()...)...)
	}
	return all
}
