// Package agentrun runs an extension handler the way the Azure Linux agent does, without
// the agent: same folders, files, environment, order of commands, time limits and
// evaluation of the handler's files. Its source is WALinuxAgent 2.12-2.15,
// azurelinuxagent/ga/exthandlers.py and extensionprocessutil.py; the two seconds that the
// agent waits around each command are left out.
package agentrun

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"aadssh/test/lib/box"
)

// Handler is the name that the extension has in the goal state.
const Handler = "Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux"

// Lib is the agent's folder.
const Lib = "/var/lib/waagent"

// Agent runs the handlers of one machine.
type Agent struct {
	Box    *box.Box
	Env    []string                 // the agent's own environment, which wins over what the agent adds; nil: as systemd starts it
	Limits map[string]time.Duration // per operation, if a test needs another limit than the agent's
	// Before is called before each command, and the function that it returns after it; nil:
	// nothing is.
	Before func(operation, version string) (after func(Run))
}

// Goal is the wanted state of the extension in the goal state.
type Goal struct {
	Version  string
	Package  fs.FS  // content of the zip
	Sequence int    // of the settings; 0 if there are none
	Settings string // content of the settings file; "": the goal state has none
}

// Public is a settings file with public settings, which must be JSON or "null".
func Public(settings string) string {
	return `{"runtimeSettings": [{"handlerSettings": {"publicSettings": ` + settings +
		`, "protectedSettings": null, "protectedSettingsCertThumbprint": null}}]}`
}

// Run is one command of a handler.
type Run struct {
	Operation, Version string
	ExitCode           int
	TimedOut           bool
	Stdout, Stderr     string // all of it
	Captured           string // the part that the agent keeps
	Elapsed            time.Duration
}

// Report is what the agent would upload for the handler, with the commands that led to it.
type Report struct {
	Runs      []Run
	Handler   HandlerStatus
	Extension *Extension // nil: none is reported
}

// HandlerStatus is the agent's own verdict.
type HandlerStatus struct {
	Status  string // "Ready" or "NotReady"; "" after an uninstall
	Code    int
	Message string
}

// The agent's error codes, azurelinuxagent/common/exception.py.
const (
	installFailed   = 1007
	updateFailed    = 1008
	enableFailed    = 1009
	disableFailed   = 1010
	timedOut        = 1011
	uninstallFailed = 1000
)

// Apply processes a goal state in which the extension is enabled: install or upgrade if
// that version is not there, and enable in any case.
func (a *Agent) Apply(ctx context.Context, g Goal) (Report, error) {
	s := &session{Agent: a, ctx: ctx, goal: g}
	state := a.State(g.Version)
	uninstalled := "NOT_RUN"
	if state == "NotInstalled" || state == "FailedUpgrade" {
		old, err := a.installed(g.Version)
		if err != nil {
			return s.report, err
		}
		if err := Unpack(a.Box, g); err != nil {
			return s.report, err
		}
		install := true
		if old != "" {
			if uninstalled, install = s.upgrade(old); s.stopped() {
				return s.end()
			}
		}
		if install {
			s.command(g.Version, "install", installFailed, "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE="+uninstalled)
		}
		if s.stopped() {
			return s.end()
		}
		s.setState(g.Version, "Installed")
		s.report.Handler = HandlerStatus{"NotReady", 0, "Plugin installed but not enabled"}
	} else if err := writeSettings(a.Box, g); err != nil {
		return s.report, err
	}
	s.command(g.Version, "enable", enableFailed, "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE="+uninstalled)
	if !s.stopped() {
		s.setState(g.Version, "Enabled")
		s.report.Handler = HandlerStatus{"Ready", 0, "Plugin enabled"}
	}
	return s.end()
}

// upgrade runs the commands between two versions. It returns how the old one's uninstall
// ended and whether install follows.
func (s *session) upgrade(old string) (uninstalled string, install bool) {
	manifest, err := s.manifest(s.goal.Version)
	if err != nil {
		s.failed = err
		return "", false
	}
	disabled := "NOT_RUN"
	if s.State(old) == "Enabled" {
		disabled = s.leave(old, "disable", updateFailed, manifest.ContinueOnUpdateFailure)
		if s.stopped() {
			return "", false
		}
		s.setState(old, "Installed")
	}
	s.copyOver(old)
	// On a downgrade the old, higher version knows how to update.
	updater := s.goal.Version
	if older(s.goal.Version, old) {
		updater = old
	}
	s.command(updater, "update", updateFailed, "VERSION="+s.goal.Version,
		"AZURE_GUEST_AGENT_UPDATING_FROM_VERSION="+old, "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE="+disabled)
	if s.stopped() {
		if s.failed == nil {
			s.setState(s.goal.Version, "FailedUpgrade")
		}
		return "", false
	}
	uninstalled = s.leave(old, "uninstall", updateFailed, manifest.ContinueOnUpdateFailure)
	if s.stopped() {
		return "", false
	}
	s.remove(Dir(old))
	return uninstalled, manifest.UpdateMode == "" || strings.EqualFold(manifest.UpdateMode, "UpdateWithInstall")
}

// leave runs a command of the old version; the new version's manifest may say that its
// failure does not matter.
func (s *session) leave(version, operation string, code int, forgive bool) string {
	r := s.command(version, operation, code)
	if forgive && s.failed == nil {
		s.stop = false
	}
	return strconv.Itoa(r.ExitCode)
}

// Disable processes a goal state in which the extension is disabled.
func (a *Agent) Disable(ctx context.Context, g Goal) (Report, error) {
	s := &session{Agent: a, ctx: ctx, goal: g}
	if a.State(g.Version) == "Enabled" {
		s.command(g.Version, "disable", disableFailed)
		if !s.stopped() {
			s.setState(g.Version, "Installed")
			s.report.Handler = HandlerStatus{"NotReady", 0, "Plugin disabled"}
		}
	}
	return s.end()
}

// Uninstall processes a goal state in which the extension is uninstalled. No command is run
// for a version that was never installed.
func (a *Agent) Uninstall(ctx context.Context, g Goal) (Report, error) {
	s := &session{Agent: a, ctx: ctx, goal: g}
	state := a.State(g.Version)
	if state == "Enabled" {
		s.command(g.Version, "disable", disableFailed)
		if s.stopped() {
			return s.end()
		}
		s.setState(g.Version, "Installed")
	}
	if state != "NotInstalled" {
		s.command(g.Version, "uninstall", uninstallFailed)
		s.stop = false // its result changes nothing
		s.report.Handler = HandlerStatus{}
	}
	s.remove(Dir(g.Version))
	return s.report, s.failed
}

// Drop does what happens to a handler that the goal state no longer contains: its folder is
// removed, and no command is run.
func (a *Agent) Drop(ctx context.Context, version string) error {
	s := &session{Agent: a, ctx: ctx}
	s.remove(Dir(version))
	return s.failed
}

// Dir is the folder of a version of the handler.
func Dir(version string) string { return Lib + "/" + Handler + "-" + version }

// State is the state that the agent has recorded for a version.
func (a *Agent) State(version string) string {
	b, err := a.Box.ReadFile(Dir(version) + "/config/HandlerState")
	if err != nil {
		return "NotInstalled"
	}
	return strings.TrimSpace(string(b))
}

// installed is the highest other version that is installed, or "".
func (a *Agent) installed(but string) (string, error) {
	if !a.Box.Exists(Lib) {
		return "", nil
	}
	entries, err := a.Box.ReadDir(Lib)
	if err != nil {
		return "", err
	}
	found := ""
	for _, e := range entries {
		version, ours := strings.CutPrefix(e.Name(), Handler+"-")
		if ours && e.IsDir() && version != but && slices.Contains([]string{"Installed", "Enabled"}, a.State(version)) && older(found, version) {
			found = version
		}
	}
	return found, nil
}

// older compares versions number by number.
func older(a, b string) bool {
	numbers := func(v string) (n []int) {
		for _, part := range strings.Split(v, ".") {
			i, _ := strconv.Atoi(part)
			n = append(n, i)
		}
		return n
	}
	return slices.Compare(numbers(a), numbers(b)) < 0
}

// session is the processing of one goal state.
type session struct {
	*Agent
	ctx    context.Context
	goal   Goal
	report Report
	stop   bool  // a command failed
	failed error // the test machine failed
}

func (s *session) stopped() bool { return s.stop || s.failed != nil }

func (s *session) setState(version, state string) {
	if s.failed == nil {
		s.failed = Record(s.Box, version, state)
	}
}

func (s *session) remove(dir string) { s.shell("rm -rf " + dir) }

// copyOver copies to the new version what the agent keeps in an upgrade.
func (s *session) copyOver(old string) {
	from, to := Dir(old), Dir(s.goal.Version)
	s.shell(fmt.Sprintf("for f in %s/status/*; do [ -f $f ] && cp $f %s/status/; done; [ -f %s/mrseq ] && cp %s/mrseq %s/; true", from, to, from, from, to))
}

// shell changes the agent's own files in the box.
func (s *session) shell(script string) {
	if s.failed != nil {
		return
	}
	r, err := s.Box.Run(s.ctx, nil, "sh", "-c", script)
	if err == nil && r.ExitCode != 0 {
		err = fmt.Errorf("%s: exit %d: %s", script, r.ExitCode, r.Output())
	}
	s.failed = err
}

// end adds what the agent reads from the handler's status file.
func (s *session) end() (Report, error) {
	if s.failed != nil {
		return s.report, s.failed
	}
	// Without settings, and while not installed, the agent reads none.
	if s.goal.Settings != "" && s.State(s.goal.Version) != "NotInstalled" {
		name := path.Join(Dir(s.goal.Version), "status", strconv.Itoa(s.goal.Sequence)+".status")
		content, err := s.Box.ReadFile(name)
		s.report.Extension = read(content, err)
	}
	return s.report, nil
}
