//go:build rig

package doctor_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/planned"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestPlanIsWhatEnableDoes: the printed plan is exactly what enable then does: the commands
// that it runs, the files that it writes, what it downloads. The first goal state ends with
// 22, so that enable alone does the work afterwards.
func TestPlanIsWhatEnableDoes(t *testing.T) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")} {
		t.Run(p.Name, func(t *testing.T) {
			s := fresh(t, scene.Options{Persona: p})
			s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
			s.Want(fault.IdentityMissing)
			if refused := s.plan(22); refused.Refused == nil || refused.Refused.Code != 22 || len(refused.Steps) == 0 {
				t.Errorf("without an identity: %+v", refused)
			}
			s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg", "vm")))
			before := s.Snapshot()
			plan := s.plan(0)
			after := s.Snapshot()
			// rpm's own index of the database changes with every query.
			rpm := func(path string) bool { return strings.HasPrefix(path, "/var/lib/rpm/rpmdb.sqlite-") }
			if changed := before.Diff(after, rpm); len(changed) > 0 {
				t.Errorf("plan wrote: %s", strings.Join(changed, ", "))
			}
			logged := len(s.HandlerLog())
			if r := s.Want(fault.OK).Report; len(r.Runs) != 1 {
				t.Fatalf("enable was not alone: %+v", r.Runs)
			}
			done := planned.Actions(s.HandlerLog()[logged:])
			compare(t, "commands", commandsOf(plan), inPattern(done["run"]))
			compare(t, "files", filesOf(plan), done["write"])
			compare(t, "downloads", urlsOf(plan), done["download"])
			if rest := s.plan(0); len(rest.Steps) != 0 || rest.Refused != nil {
				t.Errorf("a second plan is not empty: %+v", rest)
			}
			if got := string(s.runs("plan").Stdout); got != "Nothing is to be done.\n" {
				t.Errorf("as text: %q", got)
			}

			// A repair from the kept files.
			s.Do(`sed -i '/^Match User \*@\*/,$d' /etc/ssh/sshd_config`)
			repair := s.plan(0)
			logged = len(s.HandlerLog())
			s.Want(fault.OK)
			compare(t, "commands of the repair", commandsOf(repair), planned.Actions(s.HandlerLog()[logged:])["run"])
		})
	}
}

func (s *machine) plan(code int) doctor.PlanReport {
	s.T.Helper()
	r := s.runs("plan", "--json")
	if r.ExitCode != code {
		s.T.Errorf("plan ended with %d, not %d: %s", r.ExitCode, code, r.Output())
	}
	validate(s.T, "plan.schema.json", r.Stdout)
	var report doctor.PlanReport
	s.Must(json.Unmarshal(r.Stdout, &report))
	return report
}

func compare(t *testing.T, what string, planned, done []string) {
	t.Helper()
	if len(planned) == 0 || !slices.Equal(planned, done) {
		t.Errorf("%s planned:\n  %s\ndone:\n  %s", what, strings.Join(planned, "\n  "), strings.Join(done, "\n  "))
	}
}

func commandsOf(p doctor.PlanReport) (all []string) {
	for _, s := range p.Steps {
		all = append(all, s.Commands...)
	}
	return all
}

// fetched matches the file of a fetched package. Its version is known only then, and the
// plan has stars in its place.
var fetched = regexp.MustCompile(`(/var/cache/apt/archives/[a-z-]+)_[^ _]+_[a-z0-9]+\.deb`)

func inPattern(commands []string) []string {
	all := make([]string, len(commands))
	for i, c := range commands {
		all[i] = fetched.ReplaceAllString(c, "'${1}_*_*.deb'")
	}
	return all
}

// filesOf are the files that are written on the machine; the import of a key names the one
// that an earlier step has written.
func filesOf(p doctor.PlanReport) (all []string) {
	for _, s := range p.Steps {
		for _, f := range s.Files {
			if s.Kind == "fetch-key" || s.Kind == "write-file" {
				all = append(all, f.Path)
			}
		}
	}
	return all
}

func urlsOf(p doctor.PlanReport) (all []string) {
	for _, s := range p.Steps {
		all = append(all, s.URLs...)
	}
	return all
}
