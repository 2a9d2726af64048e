package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/rig"
)

// point is where a handler can be killed, or one of its system calls can fail.
type point struct {
	Operation string // of the agent: "install"
	Point     string // the call: "rename to /var/lib/..."
	Nth       int    // which of these, from 1
	After     bool   // after it; otherwise before it
	Errors    bool   // the call can fail
	Fault     string // the error of the call: "ENOSPC"; "": the handler is killed
	On        bool   // all later calls that the same fault would affect fail too
}

func (p point) String() string {
	if p.Fault != "" {
		when := p.Fault + " at"
		if p.On {
			when = p.Fault + " from"
		}
		return fmt.Sprintf("%s: %s %s (%d)", p.Operation, when, p.Point, p.Nth)
	}
	when := "before"
	if p.After {
		when = "after"
	}
	return fmt.Sprintf("%s: %s %s (%d)", p.Operation, when, p.Point, p.Nth)
}

// outcome is the result of one case.
type outcome struct {
	scenario scenario
	point    point
	missed   bool     // the point was not reached
	wrong    []string // verdicts that are not true
	worse    []string // what is missing on the machine, or left over
	log      string   // of the handler, if something is wrong
	err      error    // the test machine failed
}

func (o outcome) good() bool {
	return o.err == nil && !o.missed && len(o.wrong) == 0 && len(o.worse) == 0
}

// reference is the result of an undisturbed run.
type reference struct {
	scenario scenario
	layer    string
	handler  []byte
	points   []point
	commands []string // that were started, for people
	machine  machine  // at the end
	errors   bool     // the points are calls that can fail
}

func (r reference) stage(ctx context.Context) (*stage, error) {
	return newStage(ctx, stageOptions{persona: r.scenario.persona, packages: r.scenario.packages, layer: r.layer, handler: r.handler})
}

// undisturbed runs a scenario twice without a fault. From these runs come the points, and
// the machine that each case is compared with; what differs between the two is not compared.
func undisturbed(ctx context.Context, sc scenario, dir string, handler []byte, faults bool) (reference, error) {
	layer, err := sc.layer(ctx, dir, handler)
	if err != nil {
		return reference{}, fmt.Errorf("%s: %w", sc, err)
	}
	ref := reference{scenario: sc, layer: layer, handler: handler, errors: faults}
	var runs [2]run
	var waiting sync.WaitGroup
	for i := range runs {
		waiting.Go(func() { runs[i] = ref.once(ctx) })
	}
	waiting.Wait()
	if err := errors.Join(runs[0].err, runs[1].err); err != nil {
		return ref, fmt.Errorf("%s, undisturbed: %w", sc, err)
	}
	ref.machine, ref.points, ref.commands = runs[0].machine, both(runs[0].points, runs[1].points), runs[0].commands
	ref.machine.tolerate(runs[1].machine)
	return ref, nil
}

// run is one undisturbed run.
type run struct {
	machine  machine
	points   []point
	commands []string
	err      error
}

func (r reference) once(ctx context.Context) (out run) {
	s, err := r.stage(ctx)
	if err != nil {
		return run{err: err}
	}
	defer s.Close()
	if err := s.order(point{Errors: r.errors}); err != nil {
		return run{err: err}
	}
	report, err := r.scenario.act(ctx, s)
	if err != nil {
		return run{err: err}
	}
	if wrong := verdictOf(report, r.scenario.removes); wrong != "" {
		return run{err: fmt.Errorf("%s\n%s", wrong, s.HandlerLog())}
	}
	if log := s.HandlerLog(); strings.Contains(log, "fails when systemd starts it") {
		return run{err: errors.New("systemd does not run the watch here\n" + log)}
	}
	if out.points, out.commands, out.err = s.trace(); out.err == nil {
		out.machine, out.err = s.machine(ctx, nil)
	}
	return out
}

// both keeps the points that two runs have in common. The others depend on how threads are
// scheduled: one may have to wait for a lock of the runtime, for example.
func both(a, b []point) []point {
	in := map[point]bool{}
	for _, p := range b {
		in[p] = true
	}
	var out []point
	for _, p := range a {
		if in[p] {
			out = append(out, p)
		}
	}
	return out
}

// trace reads the tracer's file: the points, and the commands. Each change of the machine is
// two points, before and after it; each call that can fail is one for each of its errors.
func (s *stage) trace() (points []point, commands []string, err error) {
	b, err := s.ReadFile(faultsDir + "/trace")
	if err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case len(f) == 3 && f[1] == "broken":
			return nil, nil, errors.New("the tracer gave up: " + f[2])
		case len(f) == 3 && f[1] == "command":
			commands = append(commands, f[0]+": "+f[2])
		case len(f) == 4 && f[1] == "point":
			nth, err := strconv.Atoi(f[3])
			if err != nil {
				return nil, nil, err
			}
			points = append(points, point{Operation: f[0], Point: f[2], Nth: nth})
			if f[2] != "exit" { // after it there is no process to kill
				points = append(points, point{Operation: f[0], Point: f[2], Nth: nth, After: true})
			}
		case len(f) == 5 && f[1] == "attempt":
			nth, err := strconv.Atoi(f[3])
			if err != nil {
				return nil, nil, err
			}
			for _, fault := range strings.Split(f[4], ",") {
				p := point{Operation: f[0], Point: f[2], Nth: nth, Errors: true, Fault: fault}
				points = append(points, p)
				if p.On = true; fault != "EINTR" { // a call that is always interrupted would be repeated forever
					points = append(points, p)
				}
			}
		}
	}
	if len(points) == 0 {
		return nil, nil, errors.New("the trace is empty")
	}
	return points, commands, nil
}

// play runs one case: the operation with its kill or its fault, and then at once the same
// operation undisturbed, as a restarted agent would.
func (r reference) play(ctx context.Context, m *machinery, p point) (o outcome) {
	o = outcome{scenario: r.scenario, point: p}
	s, err := m.stage(ctx, r)
	if err != nil {
		o.err = err
		return o
	}
	defer func() {
		if !o.good() {
			o.log = s.HandlerLog()
		}
		if err := m.done(r, o); err != nil && o.err == nil {
			o.err = err
		}
	}()
	o.err = func() error {
		if err := s.order(p); err != nil {
			return err
		}
		first, err := r.scenario.act(ctx, s)
		if err != nil {
			return err
		}
		trace, err := s.ReadFile(faultsDir + "/trace")
		if err != nil {
			return err
		}
		o.missed = !strings.Contains(string(trace), "\tkilled\t")
		if err := s.Remove(faultsDir + "/order"); err != nil {
			return err
		}
		if p.Fault != "" {
			o.wrong = append(o.wrong, p.told(first, r.scenario)...)
		}
		if e := first.Extension; p.holdsPlace() && (e == nil || e.FromAgent || e.Status != "error" || e.Code != int(fault.StillRunning)) {
			o.wrong = append(o.wrong, fmt.Sprintf("update was killed behind its placeholder, and the status is %+v", e))
		}
		if claims(first, p) {
			if now, err := s.machine(ctx, r.machine.files); err != nil {
				return err
			} else if now.state != r.machine.state || len(now.unwell) > 0 {
				o.wrong = append(o.wrong, "the disturbed run says success, but: "+lineDiff(r.machine.state, now.state)+strings.Join(now.unwell, "; "))
			}
		}
		second, err := r.scenario.act(ctx, s)
		if err != nil {
			return err
		}
		if wrong := verdictOf(second, r.scenario.removes); wrong != "" {
			o.wrong = append(o.wrong, wrong)
		}
		now, err := s.machine(ctx, r.machine.files)
		if err != nil {
			return err
		}
		o.worse = append(o.worse, r.machine.differs(now)...)
		o.worse = append(o.worse, now.unwell...)
		return nil
	}()
	return o
}

// holdsPlace reports whether an update was killed after writing its placeholder, which it
// does before the handover.
func (p point) holdsPlace() bool {
	return p.Fault == "" && p.Operation == "update" && (strings.Contains(p.Point, "handover") || p.Point == "exit")
}

// verdictOf is what is wrong with the agent's view of an operation that had to succeed:
// exit codes, the handler's state and the status file must all show success.
func verdictOf(r agentrun.Report, removed bool) string {
	for _, run := range r.Runs {
		if run.ExitCode != 0 {
			return fmt.Sprintf("%s ended with %d: %s", run.Operation, run.ExitCode, oneLine(run.Stdout+run.Stderr))
		}
	}
	e := r.Extension
	switch {
	case len(r.Runs) == 0:
		return "nothing was run"
	case removed && r.Handler.Status != "":
		return "the agent still has the handler: " + r.Handler.Message
	case removed:
		return ""
	case r.Handler.Status != "Ready":
		return "the agent says " + r.Handler.Status + ": " + r.Handler.Message
	case e == nil || e.FromAgent || e.Invalid != "" || e.StopsOther:
		return fmt.Sprintf("the agent cannot use the status: %+v", e)
	case e.Status != "success" || e.Code != 0:
		return fmt.Sprintf("exit code 0, but the status says %s %d: %s", e.Status, e.Code, oneLine(e.Message))
	}
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// offer replaces the content of the repository.
func (s *stage) offer(ctx context.Context, packages ...fixtures.Spec) error {
	return s.Offer(ctx, rig.Options{Persona: s.persona, Path: s.Target.Repository.Path, Suite: s.Target.Repository.Suite, Packages: packages})
}
