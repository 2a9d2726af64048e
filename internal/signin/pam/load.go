package pam

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// Rule is one line of a stack.
type Rule struct {
	File    string
	Line    int    // 1 for the first
	Control string // as written, without brackets
	Module  string // as written, with or without its folder; "" if the line is invalid
	Args    []string
}

// Is reports whether the rule runs a module, whatever its folder.
func (r Rule) Is(module string) bool { return r.Module != "" && path.Base(r.Module) == module }

// Place is "FILE:LINE", or "FILE" if no line is meant.
func (r Rule) Place() string {
	if r.Line == 0 {
		return r.File
	}
	return r.File + ":" + strconv.Itoa(r.Line)
}

// kind is how libpam treats a line (PAM_HT_*).
type kind int8

const (
	runs     kind = iota
	fails         // invalid: it always denies
	substack      // only marks the beginning of one
)

// handler is one line in libpam's memory.
type handler struct {
	Rule
	kind    kind
	level   int // of its substack
	actions control
	why     string // why it fails
}

// stacks are sshd's stacks with all included files.
type stacks struct {
	service string   // the file of sshd's service; "" if there is none
	files   []string // the files that were read for it, the service's own first
	by      map[Stack][]handler
	other   map[Stack][]handler // of the service "other"
	broken  *Problem            // why libpam gives up all stacks
	differs *Problem            // a line that versions of libpam read differently
}

// Problem is what is wrong with the files, and where.
type Problem struct {
	_ [0]func() // never compared: no code for == is linked

	File string
	Line int
	Text string // what is so, without a full stop

	next string // what to do, where that is no matter of the line
}

// of is the stack that libpam uses: that of "other" if the service's own is empty
// (_pam_dispatch, libpam/pam_dispatch.c).
func (s stacks) of(stack Stack) []handler {
	if own := s.by[stack]; len(own) > 0 {
		return own
	}
	return s.other[stack]
}

// maxLevel is PAM_SUBSTACK_MAX_LEVEL; maxHandlers limits the growth of files that include
// each other several times.
const (
	maxLevel    = 16
	maxHandlers = 2000
	maxFiles    = 400
)

// loader reads the files of one service as _pam_init_handlers does
// (libpam/pam_handlers.c).
type loader struct {
	m      Machine
	out    *stacks
	into   map[Stack][]handler
	backup bool // it reads the service "other"
	n      int  // number of lines so far
	read   int  // number of files so far
}

// abortion ends the reading of a file, like PAM_ABORT.
type abortion struct{ Problem }

func (a *abortion) Error() string { return a.Text }

// unfollowed ends the reading where the result cannot be determined.
type unfollowed struct{ Problem }

func (u *unfollowed) Error() string { return u.Text }

func load(m Machine) stacks {
	out := stacks{by: map[Stack][]handler{}, other: map[Stack][]handler{}}
	l := &loader{m: m, out: &out}
	if !slices.ContainsFunc(m.Library.dirs(), func(d string) bool { f := m.File(d); return f.Mode.IsDir() || l.kept(d, f) }) {
		l.pamConf()
		return out
	}
	found := false
	for _, s := range []struct {
		name string
		into map[Stack][]handler
	}{{m.Service, out.by}, {"other", out.other}} {
		l.into, l.backup = s.into, s.name != m.Service
		file, f, ok := l.find(s.name, false)
		if !ok {
			continue
		}
		if s.name == m.Service {
			out.service = file
		}
		found = true
		if err := l.parse(file, f, "", 0, 0); err != nil {
			l.end(err)
			return out
		}
	}
	if !found && out.differs == nil {
		out.broken = &Problem{File: path.Join(m.Library.dirs()[0], m.Service), Text: "there is no PAM file for " + m.Service + ", and none for the service \"other\""}
	}
	return out
}

// pamConf reads the single file that is used if there is no folder.
func (l *loader) pamConf() {
	const file = "/etc/pam.conf"
	f := l.m.File(file)
	if l.kept(file, f) {
		return
	}
	if f.Err != nil {
		l.out.broken = &Problem{File: "/etc/pam.d", Text: "there is neither a folder with PAM files nor " + file}
		return
	}
	l.out.service, l.out.files = file, []string{file}
	all, aborts, differs := lines(f.Text)
	l.note(file, differs)
	for _, line := range all {
		t := tokens{rest: line.text}
		service, _ := t.next()
		switch {
		case strings.EqualFold(service, "other"):
			l.into = l.out.other
		case strings.EqualFold(service, l.m.Service):
			l.into = l.out.by
		default:
			continue
		}
		if err := l.rule(file, line.number, &t, "", 0, 0); err != nil {
			l.end(err)
			return
		}
	}
	if aborts {
		l.end(cutOff(file, f))
	}
}

// end records why the reading ended.
func (l *loader) end(err error) {
	var a *abortion
	var u *unfollowed
	switch {
	case errors.As(err, &a):
		l.out.broken = &a.Problem
	case errors.As(err, &u):
		l.out.differs = &u.Problem
	}
}

func (l *loader) note(file string, differs int) {
	if differs > 0 && l.out.differs == nil {
		l.out.differs = &Problem{File: file, Line: differs, Text: "versions of libpam read this line differently (it is too long, or continues a line with a comment, an empty line or a zero byte)"}
	}
}

func giveUp(file string, number int, why string) error {
	return &abortion{Problem{File: file, Line: number, Text: why}}
}

func cutOff(file string, f gate.File) error {
	return &abortion{Problem{File: file, Line: bytes.Count(f.Text, []byte("\n")), Text: "the file ends in the middle of a line (after a backslash)", next: "As root, run: " + edit(file, `$s/\\$//`)}}
}

// find is _pam_open_config_file. Debian's "@include", and there every include, searches
// only the first folder (their patch 031_pam_include).
func (l *loader) find(name string, include bool) (string, gate.File, bool) {
	if path.IsAbs(name) {
		f := l.m.File(name)
		return name, f, f.Err == nil || l.kept(name, f)
	}
	dirs := l.m.Library.dirs()
	if include && l.m.Library.Debian {
		dirs = dirs[:1]
	}
	for _, d := range dirs {
		file := d + "/" + name
		f := l.m.File(file)
		if l.kept(file, f) || !f.Missing() {
			return file, f, true
		}
	}
	return dirs[0] + "/" + name, gate.File{}, false
}

// kept says whether a file could not be read, and writes that down: what libpam makes
// of the stacks is not known then.
func (l *loader) kept(file string, f gate.File) bool {
	if !f.Unreadable() {
		return false
	}
	l.out.differs = &Problem{File: file, Text: "the file could not be read: " + f.Err.Error(), next: gate.ReadAgain(file)}
	return true
}

// parse reads a file (_pam_parse_conf_file). want is the stack that it is
// included for, "" where it is the service's own.
func (l *loader) parse(file string, f gate.File, want Stack, include, level int) error {
	if !l.backup && !slices.Contains(l.out.files, file) {
		l.out.files = append(l.out.files, file)
	}
	all, aborts, differs := lines(f.Text)
	l.note(file, differs)
	for _, line := range all {
		if err := l.rule(file, line.number, &tokens{rest: line.text}, want, include, level); err != nil {
			return err
		}
	}
	if aborts {
		return cutOff(file, f)
	}
	return nil
}

// rule parses one line.
func (l *loader) rule(file string, number int, t *tokens, want Stack, include, level int) error {
	h := handler{Rule: Rule{File: file, Line: number}, level: level, actions: undefined()}
	if l.n++; l.n > maxHandlers {
		return &unfollowed{Problem{File: file, Line: number, Text: "the files include each other too often to be followed"}}
	}
	word, ok := t.next()
	stack := Stack(strings.ToLower(strings.TrimPrefix(word, "-"))) // the sign only suppresses a log message
	switch {
	case ok && strings.EqualFold(word, "@include") && l.m.Library.Debian:
		h.Control = "@include"
		return l.include(h, t, want, include, level, false)
	case !ok || !text.OneOf(string(stack), "auth account password session"):
		// "most sensitive": the line fails in the stack that is read, or else in auth.
		h.kind, h.why = fails, strconv.Quote(printable(word))+" is no type of a PAM line"
		if stack = want; want == "" {
			stack = Auth
		}
	}
	if want != "" && stack != want {
		return nil
	}
	if h.Control, ok = t.next(); !ok {
		h.kind, h.why = fails, "the line has no control"
		h.actions.rest(actBad)
	}
	switch word := strings.ToLower(h.Control); word {
	case "include", "substack":
		return l.include(h, t, stack, include, level, word == "substack")
	case "":
	default:
		var good bool
		if h.actions, good = named(word); !good {
			if h.actions, good = parseControl(h.Control); !good && h.why == "" {
				h.why = "PAM does not know the control " + strconv.Quote(printable(h.Control)) + ", so every answer of this line is a failure"
			}
		}
		h.actions.rest(actBad)
	}
	if h.Module, ok = t.next(); !ok {
		h.kind, h.why = fails, "the line names no module"
	}
	h.Args = t.words()
	return l.add(stack, h)
}

// include reads another file in place of the line.
func (l *loader) include(h handler, t *tokens, stack Stack, include, level int, sub bool) error {
	name, ok := t.next()
	if !ok && l.m.Library.Debian {
		return giveUp(h.File, h.Line, "the line includes no file, over which libpam ends sshd's process")
	}
	if sub {
		mark := h
		mark.kind, mark.Module, mark.Args = substack, name, nil
		if err := l.add(stack, mark); err != nil {
			return err
		}
		level++
	}
	if l.read++; l.read > maxFiles {
		return &unfollowed{Problem{File: h.File, Line: h.Line, Text: "the files include each other too often to be followed"}}
	}
	file, f, found := l.find(name, true)
	switch {
	case !ok:
		h.why = "the line includes no file"
	case include+1 >= maxLevel:
		// Before 1.6.1 libpam counted only substacks, and stopped at the limit of open
		// files: the line fails there too.
		h.why = file + " is included too deeply"
	case found:
		err := l.parse(file, f, stack, include+1, level)
		var a *abortion
		if !errors.As(err, &a) {
			return err
		}
		h.why = file + ", which the line includes, cannot be read by libpam (line " + strconv.Itoa(a.Line) + ": " + a.Text + ")"
	default:
		h.why = file + ", which the line includes, is not there"
	}
	// The line stays, and fails. Outside an included file, Debian's libpam has no stack to
	// add it to, and gives up everything.
	h.kind, h.Module, h.Args = fails, "", nil
	h.actions.rest(actBad)
	if stack == "" {
		return giveUp(h.File, h.Line, h.why)
	}
	if h.Control == "@include" {
		// Here Debian's patch skips the code that sets the actions: they are whatever was
		// in memory before.
		return &unfollowed{Problem{File: h.File, Line: h.Line, Text: h.why + ", and what libpam makes of that is left to chance"}}
	}
	return l.add(stack, h)
}

// add is _pam_add_handler. A module without a name ends the reading (extract_modulename).
func (l *loader) add(stack Stack, h handler) error {
	if h.kind != fails || h.Module != "" {
		base := h.Module[strings.LastIndexByte(h.Module, '/')+1:]
		if i := strings.LastIndexByte(base, '.'); i >= 0 {
			base = base[:i]
		}
		if (base == "" || base == "?") && !(h.kind == substack && h.Module == "") {
			return giveUp(h.File, h.Line, strconv.Quote(printable(h.Module))+" is no name of a module")
		}
	}
	l.into[stack] = append(l.into[stack], h)
	return nil
}

// named are the controls that are one word.
func named(word string) (c control, ok bool) {
	c = undefined()
	c[Success], c[newAuthtok] = actOK, actOK
	switch word {
	case "required":
		c[ignore] = actIgnore
		c.rest(actBad)
	case "requisite":
		c[ignore] = actIgnore
		c.rest(actDie)
	case "optional":
		c.rest(actIgnore)
	case "sufficient":
		c[Success], c[newAuthtok] = actDone, actDone
		c.rest(actIgnore)
	default:
		return undefined(), false
	}
	return c, true
}

// printable is a text from a file in a form that is safe to show: line ends of Windows and
// similar characters are named.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, strings.ReplaceAll(s, "\r", `\r`))
	return s[:min(len(s), 60)]
}
