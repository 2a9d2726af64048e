//go:build rig

package agentrun_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/load"
	"aadssh/test/lib/roots"
)

// handler is a handler that records how it was called, fails if the test created
// /fail-<operation>-<version>, and takes long with /hang-<operation>.
func handler(update string) fstest.MapFS {
	script := `#!/bin/sh
v=$AZURE_GUEST_AGENT_EXTENSION_VERSION
echo "$1 $v seq=$ConfigSequenceNumber to=$VERSION from=$AZURE_GUEST_AGENT_UPDATING_FROM_VERSION disabled=$AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE uninstalled=$AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE" >> /calls
env > /env-$1
pwd > /pwd
ps -o sid= -o pid= -p $$ > /session
echo "about to $1"
if [ -e /hang-$1 ]; then setsid sleep 601 & sleep 600; fi
if [ -e /fail-$1-$v ]; then echo "it is broken" >&2; exit 51; fi
if [ "$1" = enable ]; then
    printf '[{"version":"1.0","timestampUTC":"t","status":{"name":"n","operation":"Enable","status":"success","code":0,"formattedMessage":{"lang":"en-US","message":"by %s"}}}]' "$v" > status/$ConfigSequenceNumber.status
fi
`
	manifest := `[{"version": 1.0, "handlerManifest": {"installCommand": "bin/h install", "enableCommand": "bin/h enable",
 "disableCommand": "bin/h disable", "uninstallCommand": "bin/h uninstall", "updateCommand": "bin/h update",
 "rebootAfterInstall": false, "reportHeartbeat": false` + update + `}}]`
	return fstest.MapFS{"HandlerManifest.json": {Data: []byte(manifest)}, "bin/h": {Data: []byte(script)}}
}

func newAgent(t *testing.T) *agentrun.Agent {
	t.Helper()
	c, err := cache.Open()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := roots.Debian(roots.Bookworm).Layers(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := box.New(t.Context(), c, box.Options{Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return &agentrun.Agent{Box: b}
}

func apply(t *testing.T, a *agentrun.Agent, g agentrun.Goal) agentrun.Report {
	t.Helper()
	if g.Package == nil {
		g.Package = handler("")
	}
	r, err := a.Apply(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// calls are the calls that the handler recorded since the last time.
func calls(t *testing.T, a *agentrun.Agent) []string {
	t.Helper()
	b, err := a.Box.ReadFile("/calls")
	if err != nil {
		return nil
	}
	if err := a.Box.Remove("/calls"); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func wantCalls(t *testing.T, a *agentrun.Agent, want ...string) {
	t.Helper()
	if got := calls(t, a); !slices.Equal(got, want) {
		t.Errorf("calls:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func touch(t *testing.T, a *agentrun.Agent, name string) {
	t.Helper()
	if err := a.Box.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFirstInstallAndWhatTheHandlerSees(t *testing.T) {
	a := newAgent(t)
	r := apply(t, a, agentrun.Goal{Version: "1.0.0.0", Sequence: 3, Settings: agentrun.Public("{}")})
	wantCalls(t, a, "install 1.0.0.0 seq=3 to= from= disabled= uninstalled=NOT_RUN", "enable 1.0.0.0 seq=3 to= from= disabled= uninstalled=NOT_RUN")
	if r.Handler.Status != "Ready" || r.Extension == nil || r.Extension.Message != "by 1.0.0.0" || r.Extension.Invalid != "" {
		t.Errorf("got %+v %+v", r.Handler, r.Extension)
	}
	if r.Runs[1].Captured != "[stdout]\nabout to enable\n\n\n[stderr]\n" {
		t.Errorf("captured %q", r.Runs[1].Captured)
	}
	env, err := a.Box.ReadFile("/env-enable")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(string(env)), "\n") {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"AZURE_GUEST_AGENT_EXTENSION_PATH", "AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES", "AZURE_GUEST_AGENT_EXTENSION_VERSION",
		"AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE", "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS", "ConfigSequenceNumber", "LANG", "PATH", "PWD"} // PWD is the shell's
	if !slices.Equal(names, want) {
		t.Errorf("environment %q", names)
	}
	if pwd, _ := a.Box.ReadFile("/pwd"); strings.TrimSpace(string(pwd)) != agentrun.Dir("1.0.0.0") {
		t.Errorf("working folder %q", pwd)
	}
	environment, err := a.Box.ReadFile(agentrun.Dir("1.0.0.0") + "/HandlerEnvironment.json")
	if err != nil || !json.Valid(environment) || !strings.Contains(string(environment), `"version": 1.0, "handlerEnvironment": {"logFolder": "/var/log/azure/`+agentrun.Handler+`"`) {
		t.Errorf("%v\n%s", err, environment)
	}

	r = apply(t, a, agentrun.Goal{Version: "1.0.0.0", Sequence: 3, Settings: agentrun.Public("{}")})
	wantCalls(t, a, "enable 1.0.0.0 seq=3 to= from= disabled= uninstalled=NOT_RUN")
	if _, err := a.Uninstall(t.Context(), agentrun.Goal{Version: "1.0.0.0", Sequence: 3}); err != nil {
		t.Fatal(err)
	}
	wantCalls(t, a, "disable 1.0.0.0 seq=3 to= from= disabled= uninstalled=", "uninstall 1.0.0.0 seq=3 to= from= disabled= uninstalled=")
	if a.Box.Exists(agentrun.Dir("1.0.0.0")) || !a.Box.Exists("/var/log/azure/"+agentrun.Handler) {
		t.Error("uninstall removes the folder and leaves the log")
	}
}

func TestWithoutSettingsNoStatusIsRead(t *testing.T) {
	a := newAgent(t)
	if r := apply(t, a, agentrun.Goal{Version: "1.0.0.0"}); r.Extension != nil || r.Handler.Status != "Ready" {
		t.Errorf("got %+v", r)
	}
	if b, err := a.Box.ReadFile(agentrun.Dir("1.0.0.0") + "/config/0.settings"); err != nil || len(b) != 0 {
		t.Errorf("settings file: %q, %v", b, err)
	}
}

func TestUpgradeAndDowngrade(t *testing.T) {
	a := newAgent(t)
	goal := func(version string) agentrun.Goal {
		return agentrun.Goal{Version: version, Sequence: 1, Settings: agentrun.Public("null")}
	}
	apply(t, a, goal("1.0.9.0"))
	calls(t, a)
	apply(t, a, goal("1.0.10.0"))
	wantCalls(t, a,
		"disable 1.0.9.0 seq=1 to= from= disabled= uninstalled=",
		"update 1.0.10.0 seq=1 to=1.0.10.0 from=1.0.9.0 disabled=0 uninstalled=",
		"uninstall 1.0.9.0 seq=1 to= from= disabled= uninstalled=",
		"install 1.0.10.0 seq=1 to= from= disabled= uninstalled=0",
		"enable 1.0.10.0 seq=1 to= from= disabled= uninstalled=0")
	if a.Box.Exists(agentrun.Dir("1.0.9.0")) {
		t.Error("the old version's folder is still there")
	}
	apply(t, a, goal("1.0.9.0"))
	if got := calls(t, a); len(got) != 5 || got[1] != "update 1.0.10.0 seq=1 to=1.0.9.0 from=1.0.10.0 disabled=0 uninstalled=" {
		t.Errorf("a downgrade runs the old version's update: %q", got)
	}
}

func TestUpgradeThatFails(t *testing.T) {
	a := newAgent(t)
	goal := agentrun.Goal{Version: "1.1", Sequence: 1, Settings: agentrun.Public("{}")}
	apply(t, a, agentrun.Goal{Version: "1.0", Sequence: 1, Settings: agentrun.Public("{}")})
	touch(t, a, "/fail-update-1.1")
	calls(t, a)
	r := apply(t, a, goal)
	if len(calls(t, a)) != 2 || r.Handler.Code != 1008 || a.State("1.1") != "FailedUpgrade" || a.State("1.0") != "Installed" {
		t.Errorf("got %+v, states %s %s", r.Handler, a.State("1.1"), a.State("1.0"))
	}
	if r.Extension == nil || r.Extension.Message != "by 1.0" {
		t.Errorf("the old version's status is what is reported: %+v", r.Extension)
	}
	if err := a.Box.Remove("/fail-update-1.1"); err != nil {
		t.Fatal(err)
	}
	apply(t, a, goal)
	if got := calls(t, a); len(got) != 4 || !strings.HasSuffix(got[0], "disabled=NOT_RUN uninstalled=") {
		t.Errorf("the next goal state does not disable again: %q", got)
	}
}

func TestOldVersionThatFailsToLeave(t *testing.T) {
	for _, c := range []struct {
		manifest string
		calls    int
		code     int
	}{{"", 3, 1008}, {`, "continueOnUpdateFailure": true`, 5, 0}, {`, "continueOnUpdateFailure": true, "updateMode": "UpdateWithoutInstall"`, 4, 0}} {
		a := newAgent(t)
		apply(t, a, agentrun.Goal{Version: "1.0"})
		calls(t, a)
		touch(t, a, "/fail-uninstall-1.0")
		r := apply(t, a, agentrun.Goal{Version: "1.1", Package: handler(c.manifest)})
		if n := len(calls(t, a)); n != c.calls || r.Handler.Code != c.code {
			t.Errorf("%q: %d calls, %+v", c.manifest, n, r.Handler)
		}
	}
}

func TestFailures(t *testing.T) {
	a := newAgent(t)
	goal := agentrun.Goal{Version: "1.0", Sequence: 1, Settings: agentrun.Public("{}")}
	touch(t, a, "/fail-install-1.0")
	r := apply(t, a, goal)
	if r.Handler.Code != 1007 || r.Extension != nil || a.State("1.0") != "NotInstalled" {
		t.Errorf("install: %+v", r)
	}
	if want := "[ExtensionOperationError] Non-zero exit code: 51, " + agentrun.Dir("1.0") + "/bin/h install\n[stdout]\nabout to install\n\n\n[stderr]\nit is broken\n"; r.Handler.Message != want {
		t.Errorf("got %q", r.Handler.Message)
	}
	calls(t, a)
	if _, err := a.Uninstall(t.Context(), goal); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, a); got != nil {
		t.Errorf("commands of a version that was never installed were run: %q", got)
	}
	if err := a.Box.Remove("/fail-install-1.0"); err != nil {
		t.Fatal(err)
	}
	touch(t, a, "/fail-enable-1.0")
	if r := apply(t, a, goal); r.Handler.Code != 1009 || a.State("1.0") != "Installed" || r.Extension == nil || r.Extension.Status != "transitioning" {
		t.Errorf("enable: %+v %+v", r.Handler, r.Extension)
	}
}

func TestTimeLimitKillsTheGroupOnly(t *testing.T) {
	a := newAgent(t)
	limit := load.Scaled(time.Second)
	a.Limits = map[string]time.Duration{"enable": limit}
	touch(t, a, "/hang-enable")
	r := apply(t, a, agentrun.Goal{Version: "1.0", Sequence: 1, Settings: agentrun.Public("{}")})
	last := r.Runs[len(r.Runs)-1]
	if !last.TimedOut || r.Handler.Code != 1011 || !strings.Contains(r.Handler.Message, fmt.Sprintf("Timeout(%.0f): ", limit.Seconds())) || !strings.Contains(r.Handler.Message, "about to enable") {
		t.Errorf("got %+v", r.Handler)
	}
	if a.State("1.0") != "Installed" {
		t.Errorf("state %s", a.State("1.0"))
	}
	got, err := a.Box.Run(t.Context(), nil, "sh", "-c", "until ! pgrep -f '^sleep 600'; do sleep 0.05; done; pgrep -f '^sleep 601'")
	if err != nil || got.ExitCode != 0 {
		t.Errorf("a process with its own session must survive: %v %s", err, got.Output())
	}
	session, err := a.Box.ReadFile("/session")
	if f := strings.Fields(string(session)); err != nil || len(f) != 2 {
		t.Errorf("session %q", session)
	}
}
