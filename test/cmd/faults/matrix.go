package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"aadssh/test/lib/measured"
)

// matrix is all scenarios with all of their points.
type matrix struct {
	jobs int
	only string                          // part of the names of scenarios; "": all
	skip func(scenario) bool             // scenarios that are left out; nil: none
	pick func(scenario, []point) []point // which of a scenario's points; nil: all
	list bool                            // the points, instead of running them
	// errors: system calls fail, instead of the handler being killed.
	errors bool
	resume bool     // cases that an earlier run with the same program has completed are not repeated
	known  *results // by such runs; nil: none
	logs   bool     // print the handler's log for failed cases
	out    io.Writer
	// handler is the program under test; nil: the product.
	handler []byte
	// layers is the folder of the machines on which the cases begin; "": one of this run's own.
	// Runs of the same program can share it.
	layers string

	rows []row
}

// row is one scenario's part of the table.
type row struct {
	scenario scenario
	points   int
	outcomes []outcome
}

func (m *matrix) run(ctx context.Context) error {
	if m.handler == nil {
		p := product()
		if p.err != nil {
			return p.err
		}
		m.handler = p.binary
	}
	t := tracer()
	if t.err != nil {
		return t.err
	}
	if m.resume {
		var err error
		if m.known, err = remembered(m.handler, t.binary); err != nil {
			return err
		}
	}
	layers := m.layers
	if layers == "" {
		var err error
		if layers, err = os.MkdirTemp("", "faults."); err != nil {
			return err
		}
		defer os.RemoveAll(layers)
	}
	for _, p := range personas() {
		for _, sc := range scenarios(p) {
			if !strings.Contains(sc.String(), m.only) || m.skip != nil && m.skip(sc) {
				continue
			}
			if err := m.scenario(ctx, sc, layers); err != nil {
				return err
			}
		}
	}
	return nil
}

// scenario runs all cases of a scenario, several at a time.
func (m *matrix) scenario(ctx context.Context, sc scenario, layers string) error {
	ref, err := undisturbed(ctx, sc, layers, m.handler, m.errors)
	if err != nil {
		return err
	}
	if !m.errors {
		ref.points = distinct(ref.points)
	}
	if len(ref.machine.unwell) > 0 {
		return fmt.Errorf("%s: an undisturbed run leaves the machine unwell: %q", sc, ref.machine.unwell)
	}
	r := row{scenario: sc, points: len(ref.points)}
	fmt.Fprintf(m.out, "%s: %d points\n", sc, len(ref.points))
	if m.list {
		for _, p := range ref.points {
			fmt.Fprintln(m.out, "  ", p)
		}
		for _, c := range ref.commands {
			fmt.Fprintln(m.out, "  $", c)
		}
		return nil
	}
	points := make(chan point)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range m.jobs {
		workers.Go(func() {
			var machine machinery
			defer func() {
				if err := machine.close(); err != nil {
					fmt.Fprintln(m.out, err)
				}
			}()
			for p := range points {
				o, known := m.known.find(sc, p)
				if !known {
					if o = ref.play(ctx, &machine, p); o.missed {
						// The handler makes fewer calls on a machine of earlier cases, which
						// has ended now: this is on a fresh one.
						o = ref.play(ctx, &machine, p)
					}
					m.known.add(o)
				}
				mu.Lock()
				r.outcomes = append(r.outcomes, o)
				m.say(o)
				mu.Unlock()
			}
		})
	}
	picked := ref.points
	if m.pick != nil {
		picked = m.pick(sc, picked)
	}
	for _, p := range picked {
		if ctx.Err() == nil {
			points <- p
		}
	}
	close(points)
	workers.Wait()
	m.rows = append(m.rows, r)
	return ctx.Err()
}

// spread picks n points, evenly spread, and always the same ones; 0 means all.
func spread(n int) func([]point) []point {
	return func(all []point) []point {
		if n <= 0 || n >= len(all) {
			return all
		}
		some := make([]point, 0, n)
		for i := range n {
			some = append(some, all[i*len(all)/n])
		}
		return some
	}
}

// distinct omits the point after a call if the machine is the same at the next point, which
// is before the next call. It is not if a command may run in between.
func distinct(all []point) (some []point) {
	for i, p := range all {
		if p.After && i+1 < len(all) && !all[i+1].After && all[i+1].Operation == p.Operation && !strings.HasSuffix(p.Point, " command") {
			continue
		}
		some = append(some, p)
	}
	return some
}

// spreadErrors is spread for calls that can fail. Most calls only read, so two thirds of what
// it picks are calls that change something or start a command.
func spreadErrors(n int) func([]point) []point {
	return func(all []point) []point {
		if n <= 0 || n >= len(all) {
			return all
		}
		var looks, changes []point
		for _, p := range all {
			verb, _, _ := strings.Cut(p.Point, " ")
			if object := strings.TrimPrefix(p.Point, verb+" "); (verb == "open" || verb == "read" || verb == "list") && strings.HasPrefix(object, "/") {
				looks = append(looks, p)
			} else {
				changes = append(changes, p)
			}
		}
		few := min(len(looks), max(1, n/3)) // never 0, which would mean all
		return append(spread(few)(looks), spread(max(1, n-few))(changes)...)
	}
}

// containing are the points whose name contains a text.
func containing(text string, all []point) []point {
	return slices.DeleteFunc(slices.Clone(all), func(p point) bool { return !strings.Contains(p.String(), text) })
}

// say prints a failed case.
func (m *matrix) say(o outcome) {
	if o.good() {
		return
	}
	fmt.Fprintf(m.out, "NOT AS IT SHOULD BE: %s, %s\n", o.scenario, o.point)
	if o.missed {
		fmt.Fprintln(m.out, "   the point was not reached")
	}
	for _, w := range append(o.wrong, o.worse...) {
		fmt.Fprintln(m.out, "   ", w)
	}
	if o.err != nil {
		fmt.Fprintln(m.out, "   ", o.err)
	}
	if m.logs {
		fmt.Fprintln(m.out, o.log)
	}
}

// tally counts a row: cases, wrong verdicts, machines in a worse state, and cases that the
// test machine could not run.
func (r row) tally() (cases, wrong, worse, broken int) {
	for _, o := range r.outcomes {
		switch {
		case o.err != nil || o.missed:
			broken++
		case len(o.wrong) > 0:
			wrong++
		case len(o.worse) > 0:
			worse++
		}
	}
	return len(r.outcomes), wrong, worse, broken
}

func (m *matrix) cases() (n int) {
	for _, r := range m.rows {
		n += len(r.outcomes)
	}
	return n
}

// failed is the number of failed cases.
func (m *matrix) failed() (n int) {
	for _, r := range m.rows {
		_, wrong, worse, broken := r.tally()
		n += wrong + worse + broken
	}
	return n
}

// table is the result in Markdown.
func (m *matrix) table() string {
	var b strings.Builder
	kind := "states to be killed in"
	if m.errors {
		kind = "calls with a fault"
	}
	fmt.Fprintf(&b, "| machine | operation | %s | cases | wrong verdicts | machines left worse | not run |\n|---|---|---:|---:|---:|---:|---:|\n", kind)
	var all [4]int
	points := 0
	for _, r := range m.rows {
		cases, wrong, worse, broken := r.tally()
		fmt.Fprintf(&b, "| %s (%s) | %s | %d | %d | %d | %d | %d |\n", r.scenario.persona.Name, r.scenario.persona.Family, r.scenario.name, r.points, cases, wrong, worse, broken)
		points += r.points
		for i, n := range []int{cases, wrong, worse, broken} {
			all[i] += n
		}
	}
	fmt.Fprintf(&b, "| **all** | | **%d** | **%d** | **%d** | **%d** | **%d** |\n", points, all[0], all[1], all[2], all[3])
	return b.String()
}

// document replaces the table of a document.
func (m *matrix) document(ctx context.Context, path string) error {
	command := "make faults"
	if m.errors {
		command = "make faults-errors"
	}
	return measured.Put(ctx, path, command, m.table())
}
