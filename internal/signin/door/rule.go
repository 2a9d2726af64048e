package door

import "strings"

// Rule is one line: who may, or may not, use which program.
type Rule struct {
	File    string
	Line    int
	Daemons List
	Clients List
	Options []string // "DENY", "spawn /bin/true"
}

// List is "a b EXCEPT c", which may contain another EXCEPT.
type List struct {
	Items  []string
	Except *List
}

// words are all items of a list.
func (l List) words() []string {
	if l.Except == nil {
		return l.Items
	}
	return append(append([]string{}, l.Items...), l.Except.words()...)
}

// Parse reads one of the files as libwrap does: '#' at the beginning of a line starts a
// comment, a backslash at the end joins lines, and colons separate fields, except those of
// an IPv6 address in brackets. It accepts any input.
func Parse(file, text string) []Rule {
	var out []Rule
	number, first, pending := 0, 0, ""
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if pending == "" {
			first = number
		}
		if joined, ok := strings.CutSuffix(line, `\`); ok {
			pending += joined
			continue
		}
		line, pending = pending+line, ""
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		parts := fields(line)
		if len(parts) < 2 {
			continue
		}
		r := Rule{File: file, Line: first, Daemons: parseList(parts[0]), Clients: parseList(parts[1])}
		for i, o := range parts[2:] {
			if o == "" && i+3 == len(parts) {
				break // a colon at the end of the line is ignored, an empty field between two is not
			}
			r.Options = append(r.Options, strings.TrimSpace(o))
		}
		out = append(out, r)
	}
	return out
}

// fields splits a line at its colons. A colon after a backslash is part of an option.
func fields(line string) []string {
	var out []string
	var b strings.Builder
	brackets := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && line[i+1] == ':':
			b.WriteByte(':')
			i++
		case c == ':' && !brackets:
			out = append(out, b.String())
			b.Reset()
		default:
			if c == '[' {
				brackets = true
			}
			if c == ']' {
				brackets = false
			}
			b.WriteByte(c)
		}
	}
	return append(out, b.String())
}

func parseList(s string) List {
	words := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n", r) })
	for i, w := range words {
		if strings.EqualFold(w, "EXCEPT") {
			except := parseList(strings.Join(words[i+1:], " "))
			return List{Items: words[:i], Except: &except}
		}
	}
	return List{Items: words}
}
