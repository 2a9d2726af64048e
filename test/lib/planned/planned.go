// Package planned compares what plan says about a machine with what enable then does there.
package planned

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/scene"
)

// Ask runs a program's plan on a machine, and also returns its output.
func Ask(t testing.TB, s *scene.Scene, program string, options ...string) (plan doctor.PlanReport, said []byte) {
	t.Helper()
	r, err := s.Run(t.Context(), box.Environment(), append([]string{program, "plan", "--json"}, options...)...)
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

// Own is the extension's program in a version's folder.
func Own(version string) string { return agentrun.Dir(version) + "/bin/aadsshlogin-handler" }

// EachRun runs the extension's own plan before each install and enable on a machine, and
// compares it with what the operation then does. The services around the machine do not
// record these requests.
func EachRun(t testing.TB, s *scene.Scene) {
	s.Agent.Before = func(operation, version string) func(agentrun.Run) {
		options, plans := map[string][]string{"install": {"--newest"}, "enable": nil}[operation]
		if !plans {
			return func(agentrun.Run) {}
		}
		var plan doctor.PlanReport
		s.Metadata.Aside(func() { plan, _ = Ask(t, s, Own(version), options...) })
		before := len(s.HandlerLog())
		return func(r agentrun.Run) { Agree(t, s, plan, r, s.HandlerLog()[before:]) }
	}
}

// onlyTried are the codes that an operation can end with in spite of a plan without a
// fault: whether a lock is held, a server answers and a disk has space is only known when
// it is tried.
func onlyTried() []fault.Code {
	return []fault.Code{fault.RepositoryUnreachable, fault.PackageManagerBusy, fault.PackageManagerFailed, fault.RepositoryUntrusted,
		fault.PackageUnavailable, fault.Disk, fault.StillRunning}
}

// deferred matches install's log line about what it leaves to enable.
var deferred = regexp.MustCompile(`could not finish \(code (\d+)\)`)

// further matches the log line about steps that are decided after those of the plan,
// because of their results.
var further = regexp.MustCompile(`msg="(what was installed is not registered, so it is reinstalled|reinstalling did not help, a newer version is looked for|the kept package files do not do, the repository is asked)"`)

// Agree compares a plan with the run that followed it; log is that run's part of
// handler.log.
func Agree(t testing.TB, s *scene.Scene, plan doctor.PlanReport, run agentrun.Run, log string) {
	t.Helper()
	if run.Operation != plan.Operation {
		t.Fatalf("%s was run, and %s planned", run.Operation, plan.Operation)
	}
	ended := run.ExitCode
	if m := deferred.FindStringSubmatch(log); m != nil {
		ended, _ = strconv.Atoi(m[1])
	}
	planned := planSteps(plan)
	done := begun(log, planned)
	tried := plan.Refused == nil && slices.Contains(onlyTried(), fault.Code(ended)) &&
		(len(done) > 0 || ended == int(fault.Disk) && len(planned) > 0)
	tried = tried || plan.Provisional && plan.Refused == nil
	// A package whose script fails is only known when it is tried; what was there works.
	tried = tried || ended == 0 && plan.Code() == 0 && len(done) > 0 && strings.Contains(log, `msg="the machine is as it should be in spite of: `)
	// Of a run that was killed only what it began can be compared.
	tried = tried || run.ExitCode == 128+int(syscall.SIGKILL)
	if o := plan.Otherwise; o != nil && ended == o.Code && len(done) == len(planned) {
		tried = true
	}
	if ended != plan.Code() && !tried {
		t.Errorf("plan says %d, %s ends with %d: %s\n%s", plan.Code(), run.Operation, ended, run.Stdout+run.Stderr, log)
	}
	switch changed := Actions(log); {
	case plan.Refused != nil:
		if len(done) > 0 || len(changed["run"]) > 0 || len(changed["write"]) > 0 {
			t.Errorf("plan would change nothing, %s did %q, ran %q and wrote %q", run.Operation, done, changed["run"], changed["write"])
		}
	case !slices.Equal(done, planned[:min(len(done), len(planned))]), !tried && len(done) < len(planned):
		t.Errorf("steps that were planned:\n%s\nand done:\n%s\n%s", strings.Join(planned, "\n"), strings.Join(done, "\n"), log)
	case len(planned) == 0 && len(changed["run"]) > 0:
		t.Errorf("plan has no step, %s ran %q", run.Operation, changed["run"])
	}
}

// planSteps are a plan's steps in words.
func planSteps(plan doctor.PlanReport) (all []string) {
	for _, step := range plan.Steps {
		all = append(all, step.Text)
	}
	return all
}

// started are the planned steps that were begun, in the order of the log.
func started(log string, planned []string) (done []string) {
	for _, m := range regexp.MustCompile(`msg="started: ((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(log, -1) {
		if text := strings.ReplaceAll(m[1], `\"`, `"`); slices.Contains(planned, text) {
			done = append(done, text)
		}
	}
	return done
}

// begun are the steps of a plan that a run began, in its order. A decision during the run
// may repeat a step; the steps that are left of the plan follow.
func begun(log string, planned []string) []string {
	at := further.FindStringIndex(log)
	if at == nil {
		return started(log, planned)
	}
	done := started(log[:at[0]], planned)
	left := planned[min(len(done), len(planned)):]
	return append(done, slices.Compact(started(log[at[1]:], left))...)
}

// Actions are the beginnings of the actions in handler.log, by their kind. What the handler
// writes into its own folder does not count as a change of the machine.
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
