package pam

import (
	"bytes"
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// Access is the result of a stack for a person.
type Access int8

// The verdicts.
const (
	In Access = iota
	Out
	Partly   // some are in, and it is known on what that depends
	NotKnown // it depends on something that cannot be read
)

// Reason is a deciding line, and why it decides.
type Reason struct {
	Rule
	Text string // one sentence without its full stop
	Next string // what to do; one line
	// Data is where the answer comes from if not from the line itself: a file with rules of
	// its own.
	Data Problem
}

// Outcome is the result of one stack for one person.
type Outcome struct {
	Access  Access
	Reasons []Reason // for everything but In, the most important one first
	// Unasked: the stack can succeed without the package's own module, so that a role is
	// not checked. Always: it always does.
	Unasked, Always bool
	Ender           Reason // the line that accepts people without the module
	Keeper          Reason // the first line that rejects those who are rejected; empty if nobody is
	// Mild: every failure is session_err, which sudo does not treat as a failure
	// (sudo_pam_begin_session in its pam.c).
	Mild bool
	// Powerless is the limit that prevents sudo from becoming root in such a session; no
	// File: there is none.
	Powerless Problem
}

// Service is sshd's PAM service as libpam reads it.
type Service struct {
	m    Machine
	s    stacks
	File string  // the service's file; "" where there is none
	kept Problem // the first file that was asked for and could not be read, of one line; or that the module waits at
	held bool    // the module waits at it
}

// Load reads sshd's service.
func Load(m Machine) *Service {
	read, s := m.File, &Service{}
	m.File = func(name string) gate.File {
		f := read(name)
		if waits := f.Mode&fs.ModeNamedPipe != 0; f.Unreadable() && (s.kept.File == "" || waits && !s.held) {
			s.kept, s.held = Problem{File: name, Text: f.Err.Error()}, waits
		}
		return f
	}
	s.m, s.s = m, load(m)
	s.File = s.s.service
	return s
}

// Files are the files that were read.
func (s *Service) Files() []string { return s.s.files }

// Broken is why libpam gives up every stack of the service; nil if it does not.
func (s *Service) Broken() *Problem { return s.s.broken }

// Rules are the lines of a stack that run a module.
func (s *Service) Rules(stack Stack) (all []Rule) {
	for _, h := range s.s.of(stack) {
		if h.kind == runs {
			all = append(all, h.Rule)
		}
	}
	return all
}

// Account is the file from which sshd's own file includes most of its account lines; the
// package's line belongs there.
func (s *Service) Account() string {
	file := s.File
	for _, h := range s.s.by[Account] {
		if h.kind == runs && h.File != s.File {
			file = h.File
		}
	}
	return file
}

// Holds is the first line of a stack that runs the package's own module.
func (s *Service) Holds(stack Stack) (Rule, bool) {
	for _, r := range s.Rules(stack) {
		if r.Is(Own) {
			return r, true
		}
	}
	return Rule{}, false
}

// Evaluate is the result of a stack for a kind of people.
func (s *Service) Evaluate(stack Stack, p gate.Person) Outcome { return s.evaluate(stack, people(p)) }

// EvaluateOne is the result of a stack for one person.
func (s *Service) EvaluateOne(stack Stack, who gate.Somebody) Outcome {
	return s.evaluate(stack, particular(who))
}

func (s *Service) evaluate(stack Stack, p person) Outcome {
	if b := s.s.broken; b != nil {
		return Outcome{Access: Out, Reasons: []Reason{{Rule: Rule{File: b.File, Line: b.Line}, Text: b.Text,
			Next: b.Remedy()}}}
	}
	if d := s.s.differs; d != nil {
		return Outcome{Access: NotKnown, Reasons: []Reason{{Rule: Rule{File: d.File, Line: d.Line}, Text: d.Text,
			Next: cmp.Or(d.next, "Ask who wrote that part of "+d.File+" to write it in plain lines.")}}}
	}
	all := s.s.of(stack)
	if len(all) == 0 {
		return Outcome{Access: Out, Reasons: []Reason{{Rule: Rule{File: s.File},
			Text: "there is no " + string(stack) + " line in " + s.File + ", nor for the service \"other\", so PAM denies it",
			Next: "Reinstall openssh-server and libpam with the machine's package manager."}}}
	}
	w := walk{m: s.m, steps: maxSteps, stack: stack, all: all, given: make([]answer, len(all)), codes: make([][]Code, len(all))}
	for i, h := range all {
		w.given[i] = s.ask(stack, h, p)
		w.codes[i] = w.given[i].codes
	}
	o := w.outcome()
	for i, h := range all {
		if a := &w.given[i]; h.Is("pam_limits.so") && len(a.codes) == 1 && a.codes[0] == Success {
			o.Powerless = a.data
		}
		if w.given[i].waits && o.Access != Out { // whatever the control makes of its answer
			o.Access, o.Reasons = NotKnown, append([]Reason{w.reason(int16(i))}, o.Reasons...)
		}
	}
	return o
}

// answer is the set of possible answers of a line for a person.
type answer struct {
	codes   []Code
	why     string // one sentence without its full stop
	next    string // one line; for a line that needs a correction, what precedes that
	fixLine remedyKind
	data    Problem // the file and line that the answer is based on
	waits   bool    // it may never answer
	whom    bool    // there is more than one code because people or addresses differ
}

// ask determines the possible answers of a line for a person.
func (s *Service) ask(stack Stack, h handler, p person) answer {
	switch h.kind {
	case fails:
		return answer{codes: []Code{permDenied}, why: h.why, fixLine: drop}
	case substack:
		return answer{}
	}
	name := path.Base(h.Module)
	if path.IsAbs(h.Module) {
		name = h.Module
	}
	file, f := s.m.module(h.Module)
	if f.Unreadable() {
		return settle(unseen(name, Problem{File: file, Text: f.Err.Error()}), h)
	}
	remove := "Install what " + text.Name(name) + " belongs to, where people need it."
	if why := s.m.loads(file, f); why != "" {
		return answer{codes: []Code{moduleUnknown}, why: text.Name(name) + " " + why, next: remove, fixLine: drop}
	}
	if !bytes.Contains(f.Text, []byte("\x00"+function(stack)+"\x00")) {
		return answer{codes: []Code{moduleUnknown}, why: text.Name(name) + " has nothing for the " + string(stack) + " stack", next: remove, fixLine: drop}
	}
	c := &call{m: s.m, stack: stack, person: p, Rule: h.Rule}
	s.kept, s.held = Problem{}, false
	a := unknownModule()
	for _, row := range modules() {
		if row.name == strings.TrimSuffix(path.Base(name), ".so") {
			c.row = row
			a = row.of(c)
		}
	}
	if s.kept.File != "" {
		a = unseen(name, s.kept)
	}
	if s.held {
		a.waits, a.why, a.next = true, text.Name(name)+gate.Waiting(s.kept.File), gate.Away(s.kept.File)
	}
	return settle(a, h)
}

// unseen is what is known of a module that, or whose file, could not be read here.
func unseen(module string, at Problem) answer {
	a := unknownModule()
	a.why, a.next, a.data = text.Name(module)+" decides by a file that could not be read: "+at.Text, gate.ReadAgain(at.File), at
	return a
}

// settle merges answers that the line's control treats alike, and completes the texts.
func settle(a answer, h handler) answer {
	type class struct {
		act  action
		kind Code
	}
	var seen []class
	var codes []Code
	for _, c := range a.codes {
		k := class{act: h.actions[c], kind: serviceErr}
		if c == Success || c == newAuthtok || c == ignore {
			k.kind = c
		}
		if k.act == actIgnore || k.act == actReset || k.act > 0 {
			k.kind = Success // the exact answer no longer matters
		}
		if !slices.Contains(seen, k) {
			seen = append(seen, k)
			codes = append(codes, c)
		}
	}
	a.codes = codes
	name := path.Base(h.Module)
	switch {
	case a.why != "":
	case len(codes) == 1:
		a.why = text.Name(name) + " answers " + codes[0].String()
	default:
		a.why = "what " + text.Name(name) + " says of such a person is not known"
	}
	if a.next == "" && a.fixLine == asSaid {
		a.next = "Have somebody sign in once, to see what " + text.Name(name) + " says (line " + strconv.Itoa(h.Line) + " of " + h.File + ")."
		if !h.Is(Own) {
			a.fixLine = spare
		}
	}
	return a
}

// unknownModule can give any answer.
func unknownModule() answer {
	a := answer{}
	for c := Success; c < codes; c++ {
		if c != incomplete {
			a.codes = append(a.codes, c)
		}
	}
	return a
}
