package pam

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/text"
)

// remedyKind is the kind of next step for a line that rejects people.
type remedyKind int8

const (
	asSaid remedyKind = iota // what the answer itself recommends
	drop                     // the line can be removed: what it runs is missing, or it is invalid
	spare                    // an administrator's rule: the people that it is not meant for skip it
)

// run are the words before a command for a file. sudo uses PAM stacks itself, and does not
// help if they include the same file.
func (w *walk) run(file string) string {
	m := w.m
	m.Service = "sudo"
	if slices.Contains(load(m).files, file) {
		return "as root, for sudo asks that file too: "
	}
	return "run: sudo "
}

// touch makes a file that a module reads. Where sudo's own stack has that module too, sudo
// does not run either.
func touch(file string) string {
	return "printf '' >> " + text.Quote(file) + " (as root, for sudo may ask for it too)"
}

// edit is a command that edits a file. If the file is a link, as with authselect and
// pam-config, it stays a link.
func edit(file string, expressions ...string) string {
	command := text.Edit
	for _, e := range expressions {
		command += " -e '" + e + "'"
	}
	return command + " " + text.Quote(file)
}

// comment is a command that turns a line of a file into a comment.
func comment(file string, number int) string { return edit(file, strconv.Itoa(number)+"s/^/#/") }

// without is a command that turns all lines of a rule into comments: a comment that ends
// with a backslash would include the next rule.
func (w *walk) without(h handler) string {
	last := h.Line
	for number, line := range strings.Split(string(w.m.File(h.File).Text), "\n") {
		if number+1 == last && strings.HasSuffix(strings.TrimRight(line, " \t\r"), `\`) {
			last++
		}
	}
	if last == h.Line {
		return comment(h.File, h.Line)
	}
	lines := strconv.Itoa(h.Line) + "," + strconv.Itoa(last)
	return edit(h.File, lines+`s/^/#/`, lines+`s/\\[[:space:]]*$//`)
}

// around is a command that makes people with the two kinds of Entra ID names skip a line;
// for everybody else the line stays.
func (w *walk) around(h handler) string {
	skip := func(lines int, pattern string) string {
		return strconv.Itoa(h.Line) + `i\` + string(w.stack) + ` [success=` + strconv.Itoa(lines) + ` default=ignore] pam_succeed_if.so quiet user =~ ` + pattern
	}
	return edit(h.File, skip(2, "*@*"), skip(1, "????????-????-????-????-????????????"))
}

// crossed reports whether an earlier line jumps over this one, so that another number of
// lines here would change its target.
func (w *walk) crossed(i int16) bool {
	for j := range i {
		for _, act := range w.all[j].actions {
			if act > 0 && w.all[j].kind == runs {
				if next, _ := jump(w.all, int(j), act); next > int(i) {
					return true
				}
			}
		}
	}
	return false
}

// next is what to do about a line.
func (w *walk) next(i int16, a answer) string {
	h := w.all[i]
	what := a.fixLine
	if h.why != "" { // the line itself is invalid
		what = drop
	}
	switch {
	case what != asSaid && strings.Contains(string(w.m.File(h.File).Text), "\r\n"):
		return h.File + ` has line ends of Windows. Take them out, ` + w.run(h.File) + text.Edit + ` 's/\r$//' ` + text.Quote(h.File)
	case what == asSaid:
		return a.next
	case w.crossed(i) && what == spare:
		return "Ask who wrote line " + strconv.Itoa(h.Line) + " of " + h.File + " to exempt people who sign in with Entra ID from it (other lines jump over it, so it cannot be told from here how)."
	case w.crossed(i):
		return "Ask who wrote line " + strconv.Itoa(h.Line) + " of " + h.File + " to take it out (other lines jump over it, so it cannot be told from here how)."
	case what == spare:
		return strings.TrimSpace(a.next + " To exempt people who sign in with Entra ID from this rule, which loosens it, " + w.run(h.File) + w.around(h))
	case h.why != "":
		return "Correct line " + strconv.Itoa(h.Line) + " of " + h.File + ", or, to comment it out, " + w.run(h.File) + w.without(h)
	}
	or := "To comment the line out, "
	if a.next != "" {
		or = a.next + " Or, to comment the line out, "
	}
	return or + w.run(h.File) + w.without(h)
}

// ended is what to do about a line that accepts people before the package's module is
// called.
func (w *walk) ended(i int16, own Rule) string {
	h := w.all[i]
	if w.crossed(i) {
		return "Ask who wrote line " + strconv.Itoa(h.Line) + " of " + h.File + " to put it below the line of " + path.Base(own.Module) + " (" + own.Place() + ")."
	}
	return "Put the line of " + path.Base(own.Module) + " (" + own.Place() + ") above line " + strconv.Itoa(h.Line) + " of " + h.File + ", or, to comment that one out, " + w.run(h.File) + w.without(h)
}

// Remedy is what to do about a problem that ends the reading of all stacks.
func (p Problem) Remedy() string {
	if p.Line == 0 {
		return "Reinstall openssh-server and libpam with the machine's package manager."
	}
	if p.next != "" {
		return p.next
	}
	return "Correct that line of " + p.File + ", or comment it out, as root: " + comment(p.File, p.Line)
}
