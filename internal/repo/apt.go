package repo

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/text"
)

// ParseSourcesList reads a file of one-line entries (sources.list(5)). Lines
// that apt would refuse become problems, for apt then refuses all its work.
func ParseSourcesList(file string, text []byte) ([]Entry, []Problem) {
	var entries []Entry
	var problems []Problem
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = uncomment(line)
		if line == "" {
			continue
		}
		e, err := oneLine(line)
		if err != nil {
			problems = append(problems, Problem{File: file, Line: number, What: err.Error()})
			continue
		}
		e.File, e.Line = file, number
		entries = append(entries, e)
	}
	return entries, problems
}

// uncomment cuts a comment off, and blanks at both ends. A # inside brackets
// begins none.
func uncomment(line string) string {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '#':
			return strings.TrimSpace(line[:i])
		case '[':
			i += max(strings.IndexByte(line[i:], ']'), 0)
		}
	}
	return strings.TrimSpace(line)
}

// oneLine reads "deb [options] uri suite components".
func oneLine(line string) (Entry, error) {
	kind, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	if kind != "deb" && kind != "deb-src" {
		return Entry{}, fmt.Errorf("it begins with %q, not with deb or deb-src", shown(kind))
	}
	rest = strings.TrimSpace(rest)
	options := map[string]string{}
	if strings.HasPrefix(rest, "[") {
		inside, after, closed := strings.Cut(rest[1:], "]")
		if !closed {
			return Entry{}, fmt.Errorf("its options have no closing bracket")
		}
		for _, option := range strings.Fields(inside) {
			name, value, ok := strings.Cut(option, "=")
			if !ok {
				return Entry{}, fmt.Errorf("its option %q has no value", shown(option))
			}
			// A name that ends in + or - (arch+=i386) changes the default and
			// narrows nothing that matters here.
			options[strings.ToLower(name)] = value
		}
		rest = after
	}
	words, closed := quotedFields(rest)
	if !closed {
		return Entry{}, fmt.Errorf("it has a quote that is not closed")
	}
	if len(words) < 2 {
		return Entry{}, fmt.Errorf("it names no address and suite")
	}
	if wrong := wrongComponents(words[1], words[2:]); wrong != "" {
		return Entry{}, errors.New(wrong)
	}
	e := Entry{
		URI:        withoutUser(words[0]),
		Suite:      words[1],
		Components: slices.Clone(words[2:]),
		Sources:    kind == "deb-src",
		SignedBy:   options["signed-by"],
		Enabled:    true,
	}
	if arch := options["arch"]; arch != "" {
		e.Arches = strings.Split(arch, ",")
	}
	e.Why = weakness(options)
	e.Verifies = e.Why == ""
	return e, nil
}

// quotedFields splits at blanks, as apt does (strutl.cc, ParseQuoteWord): double
// quotes keep them, and are taken off.
func quotedFields(s string) (words []string, closed bool) {
	word, open, quoted := "", false, false
	for _, r := range s + " " {
		switch {
		case r == '"':
			quoted, open = !quoted, true
		case !quoted && (r == ' ' || r == '\t'):
			if open {
				words = append(words, word)
			}
			word, open = "", false
		default:
			word, open = word+string(r), true
		}
	}
	return words, !quoted
}

// wrongComponents says what apt refuses: a suite that is a path has no
// components, and every other one has.
func wrongComponents(suite string, components []string) string {
	switch path := strings.HasSuffix(suite, "/"); {
	case path && len(components) > 0:
		return "its suite is a path, and has components all the same"
	case !path && len(components) == 0:
		return "it names no component"
	}
	return ""
}

// weakness names the option of an apt entry that turns the check of signatures
// off (sources.list(5)), as name=value; empty where none does. trusted=no does
// not: it makes apt refuse even what verifies, and apt says so.
func weakness(options map[string]string) string {
	for _, name := range []string{"trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure"} {
		if value := options[name]; yes(value) {
			return name + "=" + value
		}
	}
	return ""
}

// yes reads a boolean as apt does (StringToBool) and yum and zypper do.
func yes(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "with", "on", "enable", "1":
		return true
	}
	return false
}

// no is the opposite of yes; what is neither is neither.
func no(s string) bool {
	switch strings.ToLower(s) {
	case "no", "false", "without", "off", "disable", "0":
		return true
	}
	return false
}

// shown makes a word from a file fit for a message.
func shown(s string) string { return text.Clip(text.Printable(s), 60) }
