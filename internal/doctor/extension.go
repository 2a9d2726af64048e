package doctor

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/names"
	"aadssh/internal/state"
	"aadssh/status"
)

// extension is this extension as the agent has it, or as setup left it.
type extension struct {
	name     names.Handler
	env      agent.Environment
	own      bool   // the agent's handler is this program
	missing  string // the program that the agent runs, if that is not there
	state    agent.State
	seq      int // -1: not known
	settings agent.Settings
	unknown  []string
	refused  error
	report   *status.Report // the last report; nil: none
	said     time.Time      // the time of the last report
	torn     error          // there is a status that cannot be read, by the agent either
}

// standalone: setup set the machine up, without an agent.
func (e *extension) standalone() bool { return e != nil && e.env.IsStandalone() }

// called names the program that set the machine up.
func (e *extension) called() string {
	if e.standalone() {
		return "setup"
	}
	return e.name.Full()
}

// publisher says whose extension it is, for people.
func (e *extension) publisher() string {
	if e.name.Publisher == names.Microsoft().Publisher {
		return "Microsoft"
	}
	return e.name.Publisher
}

// findExtension finds what set this machine up: setup, if it owns the machine or no agent
// has a handler; otherwise the version that the agent runs, or the newest. Without root
// none is visible. agentEnv is the agent's environment.
func findExtension(ctx context.Context, h *host.Host, agentEnv func(string) string) (agentDir string, e *extension) {
	owned := setupOwns(h)
	for _, dir := range agent.Dirs() {
		if agentDir == "" && h.Exists(dir) {
			agentDir = dir
		}
		if best := bestOf(h, dir); best != nil && !owned {
			best.read(ctx, h, agentEnv)
			return dir, best
		}
	}
	if env := agent.Standalone(setupVersion(h)); owned || h.Exists(env.ConfigFolder) {
		e = &extension{name: names.Of(env.Name), env: env, seq: -1, settings: agent.Defaults()}
		e.read(ctx, h, func(string) string { return "" }) // no agent runs it
	}
	return agentDir, e
}

// setupOwns reports whether setup is recorded as the owner of the machine.
func setupOwns(h *host.Host) bool {
	o, found, err := state.ReadOwner(h)
	return err == nil && found && o.Setup
}

// setupVersion is the version of the last setup, if it is known.
func setupVersion(h *host.Host) string {
	o, _, err := state.ReadOwner(h)
	switch {
	case err != nil:
		return ""
	case o.Setup:
		return o.Version
	case o.Found != nil:
		return o.Found.Version
	}
	return ""
}

// bestOf is the installed version in an agent's folder, or else the newest.
func bestOf(h *host.Host, dir string) (best *extension) {
	var changed time.Time
	for _, there := range agent.Versions(h, dir, names.Current()...) {
		info, err := h.Stat(there.Dir)
		if err != nil || there.Leftover(h) {
			continue
		}
		env, err := agent.LoadFrom(h.Path(there.Dir))
		if err != nil && !there.State.Active() {
			continue // the agent writes the file when it installs the version
		}
		missing := there.Missing(h)
		x := &extension{refused: err, name: there.Name, env: env, state: there.State, own: there.Own || missing == there.Dir+"/"+agent.Program, missing: missing, seq: -1, settings: agent.Defaults()}
		if best == nil || x.state.Active() && !best.state.Active() || x.state.Active() == best.state.Active() && info.ModTime().After(changed) {
			best, changed = x, info.ModTime()
		}
	}
	return best
}

// read reads the settings and the last status.
func (e *extension) read(ctx context.Context, h *host.Host, agentEnv func(string) string) {
	seq, err := agent.Sequence(e.env, agentEnv)
	if e.seq = seq; e.refused == nil && agentEnv(agent.SequenceVariable) != "" {
		e.refused = err // without the file the agent still passes a number, and it writes that settings file first
	}
	if e.refused == nil {
		e.settings, e.unknown, e.refused = agent.ReadSettings(ctx, h, e.env, max(seq, 0))
	}
	report, err := status.Read(e.env.StatusFolder, seq)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			e.torn = err
		}
		return
	}
	e.report = &report
	if info, err := h.Stat(filepath.Join(e.env.StatusFolder, strconv.Itoa(seq)+".status")); err == nil {
		e.said = info.ModTime()
	}
}
