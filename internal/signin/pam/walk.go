package pam

// impression is what a stack thinks so far (libpam/pam_dispatch.c).
type impression int8

const (
	none impression = iota
	positive
	negative
)

// opinion is an impression, the answer that belongs to it, and who gave it.
type opinion struct {
	imp    impression
	status Code
	by     int16 // index of the line that decided; -1: none did
}

// state is where a stack stands before a line.
type state struct {
	opinion
	asked bool              // the package's own module was run
	level int8              // of the line before
	saved [maxLevel]opinion // as it was when each substack began
}

// finals is every way in which a stack can end.
type finals map[state]bool

// maxSteps bounds the work for one stack and person: lines, times the ways that
// lead to each. A stock stack takes some hundred.
const maxSteps = 100_000

// run is _pam_dispatch_aux, for every combination of the answers that the lines
// can give. It takes what it does from steps; ok is false where that is used up.
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

// step is one line with one answer: what becomes of the state, and which line
// is next.
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

// endOf is behind the last line of the substack that line i stands in.
func endOf(all []handler, i int) int {
	level := all[i].level
	for i+1 < len(all) && all[i+1].level >= level {
		i++
	}
	return i + 1
}

// jump passes over so many lines; a substack counts as one. left is what is
// left of the number at the end of the substack.
func jump(all []handler, i int, act action) (next int, left action) {
	level := all[i].level
	for i+1 < len(all) && all[i+1].level >= level && act > 0 {
		for i++; i+1 < len(all) && all[i+1].level > level; i++ {
		}
		act--
	}
	return i + 1, act
}
