package doctor

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/names"
	"aadsshlogin-handler/status"
)

// agentDirs are where the agents keep their extensions: the Azure Linux agent,
// and the Connected Machine agent of an Arc-enabled server, whose place is not
// documented as a contract; where it is another one, defaults are used.
func agentDirs() []string { return []string{"/var/lib/waagent", "/var/lib/GuestConfig/downloads"} }

// extension is this extension as the agent has it.
type extension struct {
	name     names.Handler
	env      agent.Environment
	state    agent.State
	seq      int // -1: not known
	settings agent.Settings
	unknown  []string
	refused  error
	report   *status.Report // what was said last; nil: nothing
	said     time.Time      // when
}

// findExtension finds the folder of the version that the agent runs, else the
// newest one. Without root none is seen.
func findExtension(ctx context.Context, h *host.Host) (agentDir string, e *extension) {
	for _, dir := range agentDirs() {
		if agentDir == "" && h.Exists(dir) {
			agentDir = dir
		}
		var best *extension
		var changed time.Time
		var folders []string
		for _, name := range names.Current() {
			folders = append(folders, agent.Folders(h, dir, name)...)
		}
		for _, folder := range folders {
			info, err := h.Stat(folder)
			if err != nil || !info.IsDir() {
				continue
			}
			env, err := agent.LoadFrom(h.Path(folder))
			if err != nil {
				continue
			}
			x := &extension{name: names.Of(env.Name), env: env, state: agent.StateOf(h, folder), seq: -1, settings: agent.Defaults()}
			if best == nil || x.state.Active() && !best.state.Active() || x.state.Active() == best.state.Active() && info.ModTime().After(changed) {
				best, changed = x, info.ModTime()
			}
		}
		if best != nil {
			best.read(ctx, h)
			return dir, best
		}
	}
	return agentDir, nil
}

// read takes up the settings and the last status.
func (e *extension) read(ctx context.Context, h *host.Host) {
	seq, err := agent.Sequence(e.env, func(string) string { return "" })
	if err != nil {
		return // no settings, so none are refused
	}
	e.seq = seq
	e.settings, e.unknown, e.refused = agent.ReadSettings(ctx, h, e.env, seq)
	report, err := status.Read(e.env.StatusFolder, seq)
	if err != nil {
		return
	}
	e.report = &report
	if info, err := h.Stat(filepath.Join(e.env.StatusFolder, strconv.Itoa(seq)+".status")); err == nil {
		e.said = info.ModTime()
	}
}
