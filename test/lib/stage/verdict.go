package stage

import (
	"strings"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
)

// Verdict is the result of a goal state: the agent's last command, and what the agent would
// report.
type Verdict struct {
	agentrun.Run
	Report agentrun.Report
	stage  *Stage
}

// Apply makes the agent process the goal state, and ends the test unless enable was run and
// the status is accepted by the agent, agrees with the exit code, and is the handler's own.
func (s *Stage) Apply() Verdict {
	s.T.Helper()
	report, err := s.Agent.Apply(s.T.Context(), s.GoalState)
	s.Must(err)
	return s.Verdict(report)
}

// Verdict is the verdict of a report whose last command is enable, with the checks of
// Apply.
func (s *Stage) Verdict(report agentrun.Report) Verdict {
	s.T.Helper()
	s.remember(report)
	v := Verdict{report.Runs[len(report.Runs)-1], report, s}
	if v.Operation != "enable" {
		s.Fatal("the agent got as far as %s: exit %d\n%s", v.Operation, v.ExitCode, v.Captured)
	}
	s.Agrees(v.Run, report)
	return v
}

// Agrees ends the test unless the status of a report is terminal, is accepted by the agent,
// and agrees with the exit code.
func (s *Stage) Agrees(run agentrun.Run, report agentrun.Report) {
	s.T.Helper()
	e := report.Extension
	level := "error"
	if run.ExitCode == 0 {
		level = "success"
	}
	switch {
	case e == nil || e.FromAgent:
		s.Fatal("exit %d, and no status file\n%s", run.ExitCode, run.Captured)
	case e.Invalid != "" || e.StopsOther:
		s.Fatal("the agent refuses the status: %s", e.Invalid)
	case e.Status != level || e.Code != run.ExitCode:
		s.Fatal("exit %d, but the status is %s %d", run.ExitCode, e.Status, e.Code)
	}
}

// Want applies the goal state, and ends the test unless Verdict.Is accepts the verdict.
func (s *Stage) Want(code fault.Code, texts ...string) Verdict {
	s.T.Helper()
	return s.Apply().Is(code, texts...)
}

// Is ends the test unless enable ended with the code and its output has all of the texts,
// people read the same as the agent, and a failure has one line that says what is wrong and
// one that says what to do next.
func (v Verdict) Is(code fault.Code, texts ...string) Verdict {
	s := v.stage
	s.T.Helper()
	if v.ExitCode != int(code) {
		s.Fatal("enable ended with %d, want %d\n%s%s", v.ExitCode, code, v.Stdout, v.Stderr)
	}
	for _, text := range texts {
		if !strings.Contains(v.Report.Extension.Message, text) {
			s.Fatal("the status does not say %q: %s", text, v.Report.Extension.Message)
		}
	}
	if code != fault.OK && (v.Next() == "" || strings.Contains(v.Next(), "\n")) {
		s.Fatal("it is not one line what is wrong and one what to do next: %s", v.Stdout)
	}
	if said := strings.ReplaceAll(strings.TrimSpace(v.Stdout), "\n", " "); v.Report.Extension.Message != said {
		s.Fatal("the agent reads %q, a person %q", v.Report.Extension.Message, said)
	}
	return v
}

// First ends the test unless the first line of the output has all of the texts.
func (v Verdict) First(texts ...string) Verdict {
	v.stage.T.Helper()
	for _, text := range texts {
		if !strings.Contains(v.What(), text) {
			v.stage.Fatal("the first line does not say %q: %s", text, v.What())
		}
	}
	return v
}

// Warns ends the test unless the status has a warning with that name and all of the texts.
func (v Verdict) Warns(name string, texts ...string) Verdict {
	v.stage.T.Helper()
	for _, sub := range v.Report.Extension.Substatus {
		if sub.Name != name || sub.Status != "warning" {
			continue
		}
		for _, text := range texts {
			if !strings.Contains(sub.Message, text) {
				v.stage.Fatal("the warning %s does not say %q: %s", name, text, sub.Message)
			}
		}
		return v
	}
	v.stage.Fatal("no warning %s: %+v", name, v.Report.Extension.Substatus)
	return v
}

// Never ends the test if the output has one of the texts.
func (v Verdict) Never(texts ...string) Verdict {
	v.stage.T.Helper()
	for _, text := range texts {
		if strings.Contains(v.Stdout+v.Stderr, text) {
			v.stage.Fatal("%q is said: %s%s", text, v.Stdout, v.Stderr)
		}
	}
	return v
}

// What is the first line of the output: what is wrong.
func (v Verdict) What() string {
	line, _, _ := strings.Cut(v.Stdout, "\n")
	return line
}

// Next is the rest of the output: what to do.
func (v Verdict) Next() string {
	_, rest, _ := strings.Cut(v.Stdout, "\n")
	return strings.TrimSuffix(rest, "\n")
}
