package pam

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
