package pam

import (
	"cmp"
	"slices"

	"aadssh/internal/order"
	"aadssh/internal/text"
)

// walk is the evaluation of one stack, with the possible answers of its lines.
type walk struct {
	m     Machine
	stack Stack
	all   []handler
	given []answer
	codes [][]Code
	steps int // the number of remaining steps
}

func (w *walk) outcome() Outcome {
	ends, ok := run(w.all, w.codes, &w.steps)
	if !ok {
		return Outcome{Access: NotKnown, Reasons: []Reason{{Rule: w.all[0].Rule, Text: "there are too many ways through the stack to follow them"}}}
	}
	t := count(ends)
	var o Outcome
	if w.stack == Account && t.unasked > 0 && (t.unasked == t.in || !w.asksWithoutShadow()) {
		o.Unasked, o.Always, o.Ender = true, t.unasked == t.in, w.reason(t.ender)
		if own := slices.IndexFunc(w.all, func(h handler) bool { return h.kind == runs && h.Is(Own) }); own >= 0 && t.ender >= 0 {
			o.Ender.Next = w.ended(t.ender, w.all[own].Rule)
		}
	}
	if t.out > 0 {
		o.Keeper, o.Mild = w.reason(t.by[0]), !t.fatal
	}
	switch {
	case t.out == 0 && t.odd == 0:
		return o
	case t.in == 0 && t.odd == 0:
		o.Access = Out
		o.Reasons = []Reason{o.Keeper}
		return o
	}
	o.Access = NotKnown
	open, partly := w.open()
	for _, i := range open {
		o.Reasons = append(o.Reasons, w.reason(i))
	}
	if partly {
		o.Access = Partly
	}
	return o
}

// asksWithoutShadow reports whether the module is called for everybody who is accepted, if
// people have no shadow entry. On many machines pam_unix precedes the package's module, and
// no role would be checked if that were not so.
func (w *walk) asksWithoutShadow() bool {
	codes := slices.Clone(w.codes)
	for i, h := range w.all {
		if h.kind == runs && h.Is("pam_unix.so") && len(codes[i]) > 1 {
			codes[i] = []Code{authinfoUnavail}
		}
	}
	ends, ok := run(w.all, codes, &w.steps)
	return ok && count(ends).unasked == 0
}

// tally counts the possible ends of a stack.
type tally struct {
	in, out, odd, unasked int
	by                    []int16 // the lines that reject people, in order
	ender                 int16   // the first line that accepts people without our module
	fatal                 bool    // one end is an error other than session_err
}

func count(ends finals) tally {
	t := tally{ender: -1}
	for s := range ends {
		switch {
		case s.status == Success && s.imp == positive:
			t.in++
			if !s.asked {
				t.unasked++
				if t.ender < 0 || s.by < t.ender {
					t.ender = s.by
				}
			}
		case s.status == newAuthtok: // sshd accepts people who must change a password first
			t.odd++
		default:
			t.out++
			t.fatal = t.fatal || s.status != sessionErr
			t.by = append(t.by, s.by)
		}
	}
	order.By(t.by, cmp.Compare)
	return t
}

// open are the lines that decide with an unknown answer. partly: all of them depend only on
// who connects from where.
func (w *walk) open() (lines []int16, partly bool) {
	var unsure []int16
	for i, a := range w.given {
		if len(a.codes) > 1 {
			unsure = append(unsure, int16(i))
		}
	}
	for _, i := range unsure {
		if w.matters(i) {
			lines = append(lines, i)
		}
	}
	if len(lines) == 0 {
		lines = unsure // only in combination
	}
	partly = len(lines) > 0
	for _, i := range lines {
		partly = partly && w.given[i].whom
	}
	return lines, partly
}

// matters reports whether one answer of a line decides the stack, or gives another result
// than the rest.
func (w *walk) matters(i int16) bool {
	codes := slices.Clone(w.codes)
	var seen [][3]bool
	for _, c := range w.given[i].codes {
		codes[i] = []Code{c}
		ends, ok := run(w.all, codes, &w.steps)
		if !ok {
			return true
		}
		t := count(ends)
		seen = append(seen, [3]bool{t.in > 0, t.out > 0, t.odd > 0})
		if seen[len(seen)-1] != seen[0] {
			return true
		}
	}
	return false
}

// reason explains the answer of line i; -1: no line decided.
func (w *walk) reason(i int16) Reason {
	if i < 0 {
		last := w.all[len(w.all)-1]
		return Reason{Rule: last.Rule, Text: "no line of the stack lets anybody in, which PAM takes for a denial",
			Next: "Let the stack end with a line that lets in, run: echo '" + string(w.stack) + " required pam_permit.so' | sudo tee -a " + text.Quote(last.File)}
	}
	h, a := w.all[i], w.given[i]
	r := Reason{Rule: h.Rule, Text: a.why, Next: w.next(i, a), Data: a.data}
	if h.why != "" {
		r.Text = h.why
	}
	return r
}

// impression is the preliminary result of a stack (libpam/pam_dispatch.c).
type impression int8

const (
	none impression = iota
	positive
	negative
)

// opinion is an impression, its answer, and the line that gave it.
type opinion struct {
	imp    impression
	status Code
	by     int16 // index of the line that decided; -1: none did
}

// state is the state of a stack before a line.
type state struct {
	opinion
	asked bool              // the package's own module was run
	level int8              // of the previous line
	saved [maxLevel]opinion // the opinion at the beginning of each substack
}

// finals are all possible ends of a stack.
type finals map[state]bool

// maxSteps limits the work for one stack and person: lines, times the paths to each. A
// distribution's own stack needs some hundred.
const maxSteps = 100_000

// run is _pam_dispatch_aux, for every combination of the possible answers of the lines. It
// subtracts its steps from steps; ok is false if none are left.
func run(all []handler, answers [][]Code, steps *int) (ends finals, ok bool) {
	begin := state{opinion: opinion{none, permDenied, -1}}
	begin.saved[0] = begin.opinion
	at := make([]finals, len(all)+1)
	at[0] = finals{begin: true}
	for i, h := range all {
		if *steps -= len(at[i]) * max(1, len(answers[i])); *steps < 0 {
			return nil, false
		}
		for s := range at[i] {
			if s.level < int8(h.level) {
				s.saved[h.level] = s.opinion
			}
			s.level = int8(h.level)
			if h.kind == substack {
				put(at, i+1, s)
				continue
			}
			for _, code := range answers[i] {
				after, next := step(all, i, s, code)
				if h.kind == runs && h.Is(Own) {
					after.asked = true
				}
				put(at, next, after)
			}
		}
		at[i] = nil
	}
	ends = finals{}
	for s := range at[len(all)] {
		if s.status == Success && s.imp != positive { // "probably a config error"
			s.status = permDenied
		}
		s.saved, s.level = [maxLevel]opinion{}, 0
		ends[s] = true
	}
	return ends, true
}

func put(at []finals, i int, s state) {
	if at[i] == nil {
		at[i] = finals{}
	}
	at[i][s] = true
}

// step applies one answer of one line: it returns the new state and the next line.
func step(all []handler, i int, s state, code Code) (state, int) {
	h := all[i]
	switch act := h.actions[code]; act {
	case actIgnore:
	case actReset:
		s.opinion = s.saved[h.level]
	case actOK, actDone:
		if s.imp == none || s.imp == positive && s.status == Success {
			s.opinion = opinion{positive, code, int16(i)}
		}
		if act == actDone && s.imp == positive {
			return s, endOf(all, i)
		}
	case actBad, actDie:
		if s.imp != negative {
			if code == ignore {
				code = permDenied
			}
			s.opinion = opinion{negative, code, int16(i)}
		}
		if act == actDie {
			return s, endOf(all, i)
		}
	default:
		next, left := jump(all, i, act)
		if left > 0 { // beyond the end of the stack
			s.opinion = opinion{negative, permDenied, int16(i)}
		}
		return s, next
	}
	return s, i + 1
}

// endOf is the index after the last line of the substack of line i.
func endOf(all []handler, i int) int {
	level := all[i].level
	for i+1 < len(all) && all[i+1].level >= level {
		i++
	}
	return i + 1
}

// jump skips this number of lines; a substack counts as one. left is how many remain at the
// end of the substack.
func jump(all []handler, i int, act action) (next int, left action) {
	level := all[i].level
	for i+1 < len(all) && all[i+1].level >= level && act > 0 {
		for i++; i+1 < len(all) && all[i+1].level > level; i++ {
		}
		act--
	}
	return i + 1, act
}
