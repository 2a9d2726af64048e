package pam

import (
	"bytes"
	"strconv"
	"strings"
)

// line is one logical line of a configuration: without its comment, and joined with those
// that follow a backslash.
type line struct {
	_ [0]func() // never compared: no code for == is linked

	number int // of its first line in the file; 1 is the first
	text   string
}

// lines reads a file as _pam_line_assemble (libpam_internal/pam_line.c) and, before 1.6.1,
// _pam_assemble_line (libpam/pam_handlers.c) do. aborts: after these lines libpam gives up
// the whole file. differs is a line that versions of libpam read differently.
func lines(text []byte) (all []line, aborts bool, differs int) {
	if before, _, ok := bytes.Cut(text, []byte{0}); ok {
		differs = 1 + bytes.Count(before, []byte("\n"))
	}
	number, first, pending, joining := 0, 0, "", false
	for raw := range strings.Lines(string(text)) {
		number++
		if len(raw) >= 1023 && differs == 0 {
			differs = number // before 1.6.1 there was a buffer of 1,024 bytes, and the rest was another line
		}
		start := strings.TrimLeft(raw, " \n\t")
		if start == "" || start[0] == '#' {
			if joining && differs == 0 {
				differs = number // it ends the joined line since 1.6.1, and was ignored before
			}
			continue
		}
		if !joining {
			first = number
		}
		start, _, commented := strings.Cut(start, "#")
		if joined, ok := strings.CutSuffix(strings.TrimRight(start, " \t\n"), `\`); ok && !commented {
			pending, joining = pending+joined+" ", true
			if len(pending) >= 1023 && differs == 0 {
				differs = number
			}
			continue
		}
		all = append(all, line{number: first, text: pending + start})
		pending, joining = "", false
	}
	return all, joining, differs
}

// tokens splits a line into words: _pam_tokenize (libpam/pam_misc.c).
type tokens struct {
	rest string
	done bool // no token is left
}

const blanks = " \n\t"

// next is the next word. A part in brackets is one word, without the brackets.
func (t *tokens) next() (word string, ok bool) {
	if t.done {
		return "", false
	}
	from := strings.TrimLeft(t.rest, blanks)
	end := 0
	switch {
	case from == "":
		t.done = true
		return "", false
	case from[0] == '[':
		word, end = bracketed(from[1:])
		end++
	default:
		if end = strings.IndexAny(from, blanks); end < 0 {
			end = len(from)
		}
		word = from[:end]
	}
	t.rest = from[min(end+1, len(from)):]
	t.done = t.rest == ""
	return word, true
}

// bracketed reads up to the first "]" without a backslash before it, or to the end. length
// is how much of s it used, without the bracket.
func bracketed(s string) (word string, length int) {
	var b strings.Builder
	i := 0
	for ; i < len(s) && s[i] != ']'; i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == ']' {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), i
}

// words are all remaining words.
func (t *tokens) words() (all []string) {
	for {
		w, ok := t.next()
		if !ok {
			return all
		}
		all = append(all, w)
	}
}

// parseControl parses "success=1 default=ignore" (_pam_parse_control). With an error every
// answer is a failure, and ok is false.
func parseControl(s string) (c control, ok bool) {
	c = undefined()
	const spaces = " \t\n\v\f\r"
	broken := control{}
	for i := range broken {
		broken[i] = actBad
	}
	for {
		if s = strings.TrimLeft(s, spaces); s == "" {
			return c, true
		}
		code := prefixed(codeNames(), s)
		if code < 0 || s == codeNames()[code] {
			return broken, false
		}
		s = strings.TrimLeft(s[len(codeNames()[code]):], spaces)
		if s == "" || s[0] != '=' {
			return broken, false
		}
		if s = strings.TrimLeft(s[1:], spaces); s == "" {
			return broken, false
		}
		act, rest, good := parseAction(s)
		if !good {
			return broken, false
		}
		s = rest
		if code == codes {
			c.rest(act)
		} else {
			c[code] = act
		}
	}
}

// parseAction parses the name of an action or a jump at the beginning of s.
func parseAction(s string) (a action, rest string, ok bool) {
	if i := prefixed(actionNames(), s); i >= 0 {
		return action(-i), s[len(actionNames()[i]):], true
	}
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, err := strconv.ParseInt(s[:digits], 10, 32)
	return action(n), s[digits:], err == nil && n > 0
}

// prefixed is the first of the names that is a prefix of s.
func prefixed(names []string, s string) int {
	for i, n := range names {
		if strings.HasPrefix(s, n) {
			return i
		}
	}
	return -1
}
