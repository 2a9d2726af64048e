package repo

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"aadssh/internal/text"
)

// ParseSourcesList reads a file of one-line entries (sources.list(5)). Lines that apt would
// reject become problems, because apt then refuses to do anything.
func ParseSourcesList(file string, text []byte) ([]Entry, []Problem) {
	var entries []Entry
	var problems []Problem
	for i, line := range lines(string(text)) {
		number := i + 1
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

// uncomment removes a comment, and blanks at both ends. A # inside brackets does not begin
// one.
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

// oneLine parses "deb [options] uri suite components".
func oneLine(line string) (Entry, error) {
	kind, rest := line, ""
	if at := strings.IndexFunc(line, unicode.IsSpace); at > 0 {
		kind, rest = line[:at], strings.TrimSpace(line[at:])
	}
	if kind != "deb" && kind != "deb-src" {
		return Entry{}, fmt.Errorf("it begins with %q, not with deb or deb-src", shown(kind))
	}
	options := map[string]string{}
	if inside, ok := strings.CutPrefix(rest, "["); ok {
		var err error
		if rest, err = aptOptions(inside, options); err != nil {
			return Entry{}, err
		}
	}
	words, closed := quotedFields(rest)
	if len(words) < 2 {
		return Entry{}, fmt.Errorf("it names no address and suite")
	}
	if !closed && len(words) < 3 {
		return Entry{}, fmt.Errorf("it has a quote that is not closed")
	}
	if wrong := cmp.Or(wrongURI(words[0]), wrongComponents(words[1], words[2:])); wrong != "" {
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

// aptOptions parses the options in the brackets of an entry, and returns what follows them.
// A name that ends in + or - (arch+=i386) changes the default and does not matter here.
func aptOptions(inside string, options map[string]string) (behind string, err error) {
	for inside = strings.TrimSpace(inside); !strings.HasPrefix(inside, "]"); {
		word, rest, ok := quotedWord(inside)
		if !ok {
			return "", errors.New("its options have no closing bracket")
		}
		inside = strings.TrimLeftFunc(rest, unicode.IsSpace)
		last := strings.HasSuffix(word, "]")
		word = strings.TrimSuffix(word, "]")
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" || value == "" {
			return "", fmt.Errorf("its option %q is not name=value, or its options have no closing bracket", shown(word))
		}
		options[name] = value
		if last {
			return strings.TrimSpace(inside), nil
		}
	}
	return strings.TrimSpace(inside[1:]), nil
}

// quotedFields splits a line as apt does; closed is false if a quote or a bracket after the
// split part is not closed.
func quotedFields(s string) (words []string, closed bool) {
	for strings.TrimSpace(s) != "" {
		word, rest, ok := quotedWord(s)
		if !ok {
			return words, false
		}
		words, s = append(words, word), rest
	}
	return words, true
}

// quotedWord is the first word of a line (strutl.cc, ParseQuoteWord): double quotes and
// brackets keep blanks, quotes are removed, and %20 is a blank.
func quotedWord(s string) (word, rest string, ok bool) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	end := 0
	for ; end < len(s) && !unicode.IsSpace(rune(s[end])); end++ {
		for open, shut := range map[byte]byte{'"': '"', '[': ']'} {
			if s[end] != open {
				continue
			}
			length := strings.IndexByte(s[end+1:], shut)
			if length < 0 {
				return "", "", false
			}
			end += 1 + length
			break
		}
	}
	word = strings.ReplaceAll(s[:end], `"`, "")
	word = regexp.MustCompile(`%[0-9A-Fa-f]{2}`).ReplaceAllStringFunc(word, func(code string) string {
		n, _ := strconv.ParseUint(code[1:], 16, 8) // two hexadecimal digits
		return string([]byte{byte(n)})
	})
	return word, s[end:], word != ""
}

// wrongURI says why apt does not accept an address: it needs a scheme.
func wrongURI(uri string) string {
	if !strings.Contains(uri, ":") {
		return "its address " + shown(uri) + " has no scheme (https://)"
	}
	return ""
}

// wrongComponents says what apt rejects: a suite that is a path has no components, every
// other has some.
func wrongComponents(suite string, components []string) string {
	switch path := strings.HasSuffix(suite, "/"); {
	case path && len(components) > 0:
		return "its suite is a path, and has components all the same"
	case !path && len(components) == 0:
		return "it names no component"
	}
	return ""
}

// weakness names the option of an apt entry that turns off the check of signatures
// (sources.list(5)), as name=value; empty if there is none. trusted=no is none: it makes
// apt reject even what verifies, and apt reports that.
func weakness(options map[string]string) string {
	for _, name := range []string{"trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure"} {
		if value := options[name]; yes(value) {
			return name + "=" + value
		}
	}
	return ""
}

// yes parses a boolean as apt does (StringToBool).
func yes(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "with", "on", "enable":
		return true
	}
	n, err := strconv.ParseInt(s, 0, 64)
	return err == nil && n == 1
}

// no is the opposite of yes; an unknown value is neither.
func no(s string) bool {
	switch strings.ToLower(s) {
	case "no", "false", "without", "off", "disable":
		return true
	}
	n, err := strconv.ParseInt(s, 0, 64)
	return err == nil && n == 0
}

// shown makes a word from a file safe for a message.
func shown(s string) string { return text.Brief(s, 60) }
