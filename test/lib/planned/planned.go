//go:build rig

// Package planned holds what plan says of a machine against what enable then does
// there.
package planned

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/doctor"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/scene"
)

// Ask asks a program on a machine for its plan, and has what it printed too.
func Ask(t *testing.T, s *scene.Scene, program string) (plan doctor.PlanReport, said []byte) {
	t.Helper()
	r, err := s.Run(t.Context(), box.Environment(), program, "plan", "--json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(r.Stdout, &plan); err != nil {
		t.Fatalf("%v: %s", err, r.Output())
	}
	if r.ExitCode != plan.Code() {
		t.Errorf("plan exits with %d and says %d", r.ExitCode, plan.Code())
	}
	return plan, r.Stdout
}

// onlyTried are what an operation can end with in spite of a plan without a
// fault: whether a lock is held, a server answers and a disk has room is known
// when it is tried.
func onlyTried() []fault.Code {
	return []fault.Code{fault.RepositoryUnreachable, fault.PackageManagerBusy, fault.PackageManagerFailed, fault.RepositoryUntrusted,
		fault.PackageUnavailable, fault.Disk, fault.StillRunning}
}

// Agree compares a plan with the run of enable that followed it.
func Agree(t *testing.T, plan doctor.PlanReport, enable agentrun.Run, log string) {
	t.Helper()
	if enable.Operation != "enable" {
		t.Fatalf("%s was run last", enable.Operation)
	}
	tried := plan.Refused == nil && len(plan.Steps) > 0 && slices.Contains(onlyTried(), fault.Code(enable.ExitCode))
	// Whether the package's own scripts put back what a reinstallation is for, too;
	// where they do not, a newer version is looked for.
	helpless := enable.ExitCode == int(fault.VerificationFailed) && slices.ContainsFunc(plan.Steps, func(s doctor.Step) bool { return strings.HasPrefix(s.Text, "reinstall ") })
	tried = tried || helpless
	if enable.ExitCode != plan.Code() && !tried {
		t.Errorf("plan says %d, enable ends with %d: %s\n%s", plan.Code(), enable.ExitCode, enable.Stdout+enable.Stderr, log)
	}
	var planned, done []string
	for _, step := range plan.Steps {
		planned = append(planned, step.Text)
	}
	for _, m := range regexp.MustCompile(`msg="started: ((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(log, -1) {
		if text := strings.ReplaceAll(m[1], `\"`, `"`); slices.Contains(planned, text) {
			done = append(done, text)
		}
	}
	if helpless {
		done = done[:min(len(done), len(planned))]
	}
	switch changed := Actions(log); {
	case plan.Refused != nil:
		if len(done) > 0 || len(changed["run"]) > 0 || len(changed["write"]) > 0 {
			t.Errorf("plan would change nothing, enable did %q, ran %q and wrote %q", done, changed["run"], changed["write"])
		}
	case !slices.Equal(done, planned[:min(len(done), len(planned))]), !tried && len(done) < len(planned):
		t.Errorf("steps that were planned:\n%s\nand done:\n%s", strings.Join(planned, "\n"), strings.Join(done, "\n"))
	case len(planned) == 0 && len(changed["run"]) > 0:
		t.Errorf("plan has no step, enable ran %q", changed["run"])
	}
}

// Actions are the beginnings of what handler.log says was done, by their kind.
// What the handler writes into its own folder is bookkeeping, not the machine.
func Actions(log string) map[string][]string {
	started := regexp.MustCompile(`msg="started: (run|transaction|write|download|remove) ((?:[^"\\]|\\.)*)"`)
	done := map[string][]string{}
	for _, m := range started.FindAllStringSubmatch(log, -1) {
		kind, text := m[1], strings.ReplaceAll(m[2], `\"`, `"`)
		switch kind {
		case "transaction":
			kind = "run"
		case "write":
			text, _, _ = strings.Cut(text, " (")
			if strings.HasPrefix(text, "/var/lib/aadsshlogin-handler/") || strings.HasPrefix(text, "/usr/local/bin/") {
				continue
			}
		}
		done[kind] = append(done[kind], text)
	}
	return done
}
