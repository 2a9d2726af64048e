package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"aadsshlogin-handler/test/lib/scene"
)

// matrix is all scenarios with all of their points.
type matrix struct {
	jobs int
	only string                // part of the names of scenarios; "": all
	pick func([]point) []point // which of a scenario's points; nil: all
	list bool                  // the points, in place of playing them
	logs bool                  // print the handler's log of what is not as it should be
	out  io.Writer
	// handler is the binary under test; nil: the product.
	handler []byte

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
		b, _, err := scene.Build(ctx)
		if err != nil {
			return err
		}
		m.handler = b
	}
	if p := tracer(); p.err != nil {
		return p.err
	}
	dir, err := os.MkdirTemp("", "faults.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, p := range personas() {
		for _, sc := range scenarios(p) {
			if !strings.Contains(sc.String(), m.only) {
				continue
			}
			if err := m.scenario(ctx, sc, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// scenario runs all cases of a scenario, several at a time.
func (m *matrix) scenario(ctx context.Context, sc scenario, dir string) error {
	ref, err := undisturbed(ctx, sc, dir, m.handler)
	if err != nil {
		return err
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
			for p := range points {
				o := ref.play(ctx, p)
				mu.Lock()
				r.outcomes = append(r.outcomes, o)
				m.say(o)
				mu.Unlock()
			}
		})
	}
	picked := ref.points
	if m.pick != nil {
		picked = m.pick(picked)
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

// spread picks n points that are evenly spread, and the same ones each time;
// 0 is all of them.
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

// containing picks from the points whose name contains a text.
func containing(text string, pick func([]point) []point) func([]point) []point {
	return func(all []point) []point {
		return pick(slices.DeleteFunc(slices.Clone(all), func(p point) bool { return !strings.Contains(p.String(), text) }))
	}
}

// say prints a case that did not end as it should.
func (m *matrix) say(o outcome) {
	if o.good() {
		return
	}
	fmt.Fprintf(m.out, "NOT AS IT SHOULD BE: %s, killed in %s\n", o.scenario, o.point)
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

// tally counts a row: cases, wrong verdicts, machines left worse, and cases
// that the rig could not play.
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

// failed is how many cases did not end as they should.
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
	b.WriteString("| machine | operation | points of a kill | cases | wrong verdicts | machines left worse | not played |\n|---|---|---:|---:|---:|---:|---:|\n")
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

// The lines between which a document holds the table.
const (
	tableBegin = "<!-- make faults: begin -->\n"
	tableEnd   = "<!-- make faults: end -->\n"
)

// document replaces the table of a document.
func (m *matrix) document(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the table", path)
	}
	return os.WriteFile(path, []byte(before+tableBegin+m.table()+tableEnd+after), 0o644)
}
