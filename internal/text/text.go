// Package text makes text from other sources safe to show to a person: on one line, without
// control characters, and not too long.
package text

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const dots = " ..."

// Edit is the command that edits files. If a file is a link, as with authselect, pam-config
// and other tools that manage configurations, it stays one (info sed, --follow-symlinks).
const Edit = "sed -i --follow-symlinks"

// Pattern is a regular expression that is compiled once, when it is first needed.
func Pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// Clip is s cut to at most limit bytes, in whole characters, with dots in place of what was
// cut off. Bytes that are not UTF-8 become question marks.
func Clip(s string, limit int) string {
	// s is shortened before it is examined, because it may be megabytes long.
	cut := len(s) > limit
	if cut {
		s = s[:limit]
	}
	if s = strings.ToValidUTF8(s, "?"); !cut && len(s) <= limit {
		return s
	}
	end := min(len(s), max(limit-len(dots), 0))
	for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + dots
}

// OneLine is s with one space for each run of white space and control characters.
func OneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// Flat is s with a space for each control character, so that it stays on one line; nothing
// else in a command changes.
func Flat(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// FirstLine is the first line of s that is not empty.
func FirstLine(s string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return first
}

// Message is a program's message on one line of at most limit bytes, without control
// characters and without the user part of a URL.
func Message(s string, limit int) string {
	words := strings.Fields(s)
	for i, w := range words {
		if scheme, user := strings.Index(w, "://"), strings.LastIndex(w, "@"); scheme >= 0 && user > scheme {
			words[i] = w[:scheme] + "://***" + w[user:]
		}
	}
	return Clip(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.Join(words, " ")), limit)
}

// WithoutTokens is a service's message on one line of at most limit bytes, with dots for
// each word that is long enough to be a token or a key.
func WithoutTokens(s string, limit int) string {
	const longestWord = 40 // a GUID in quotes
	var words []string
	for _, w := range strings.FieldsFunc(s[:min(len(s), 16*limit)], func(r rune) bool { return r <= ' ' || r > '~' }) {
		if len(w) > longestWord {
			w = "..."
		}
		words = append(words, w)
	}
	return Clip(strings.Join(words, " "), limit)
}

// MayBeSecret reports whether a text that somebody typed in the wrong place looks like a
// secret: a key with a value, a part of a URL that contains one, or a word as long as
// tokens and keys.
func MayBeSecret(s string) bool {
	const longestWord = 24
	run := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune("@?#=&%", r):
			return true
		case strings.ContainsRune("\"'./: ,", r):
			run = 0
		default:
			run++
		}
		if run > longestWord {
			return true
		}
	}
	return false
}

// Printable is s with a question mark for each character that a terminal might interpret or
// not show.
func Printable(s string) string { return printable(s, "") }

func printable(s, also string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !strings.ContainsRune(also, r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Shown is s on one line, without anything that a terminal might interpret or not show.
func Shown(s string) string { return Printable(OneLine(s)) }

// Lines is Printable for a text of several lines.
func Lines(s string) string {
	return printable(s, "\n\t")
}

// Name is a name that somebody else chose, for a sentence: in quotes if it is more than one
// plain word.
func Name(s string) string {
	if s = Clip(s, 120); s != "" && Quote(s) == s {
		return s
	}
	return strconv.Quote(Shown(s))
}

// Brief is a text that somebody else chose, cut to at most limit bytes and safe for a
// terminal.
func Brief(s string, limit int) string { return Clip(Printable(s), limit) }

// AddNew appends the elements that a list does not have yet, except empty ones.
func AddNew(list []string, more ...string) []string {
	for _, s := range more {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// OneOf reports whether a word is one of the words of a list, between which are blanks. In
// the program that is half as long as a slice.
func OneOf(word, list string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(" "+list+" ", " "+word+" ")
}

// Begins reports whether s begins with one of the words in list, which blanks separate.
func Begins(s, list string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(word string) bool { return strings.HasPrefix(s, word) })
}

// List is the part of a list of names that is shown: ten of them.
func List(names []string) []string {
	const most = 10
	var kept []string
	for i, name := range names {
		if i == most {
			return append(kept, "and "+strconv.Itoa(len(names)-most)+" more")
		}
		kept = append(kept, Brief(name, 80))
	}
	return kept
}

// SplitLines are the lines of a text with their line ends, as strings.Lines yields them. A
// loop over a sequence becomes functions of its own, so fifty of them cost 20 KB of program.
func SplitLines(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		return lines[:len(lines)-1]
	}
	return lines
}

// ASCII is s without everything that is not printable ASCII.
func ASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// Capital is s with its first letter in upper case, which must be ASCII.
func Capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Small is s with its first letter in lower case, which must be ASCII.
func Small(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// Counted is a number of things, of which the noun is given for one.
func Counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Or is value, or missing if that is empty.
func Or(value, missing string) string {
	if value == "" {
		return missing
	}
	return value
}

// Quote makes a word safe to paste into a POSIX shell, and leaves plain words and VAR=value
// unchanged. A word with an apostrophe is put into double quotes if nothing in it is
// special there, because that is easier to read.
func Quote(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%~"
	name, value, _ := strings.Cut(word, "=")
	switch {
	case word != "" && word[0] != '~' && strings.Trim(name, plain) == "" && strings.Trim(value, plain+"*") == "":
		return word
	case strings.Contains(word, "'") && !strings.ContainsAny(word, "\"$`\\!"):
		return `"` + word + `"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Assignments reads KEY=value lines, with or without quotes, blanks and export.
func Assignments(s string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(s) {
		key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		values[strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `'"`)
	}
	return values
}

// Near are the words that somebody may have meant who typed another one: those that differ
// in at most two letters, and those of which one begins with the other.
func Near(typed string, words []string) []string {
	var near []string
	for _, w := range words {
		begins := len(typed) >= 3 && strings.HasPrefix(w, typed) || len(w) >= 3 && strings.HasPrefix(typed, w)
		if begins || len(typed) < 64 && distance(typed, w) <= min(2, max(len(typed), len(w))/2) {
			near = append(near, w)
		}
	}
	return near
}

// distance is how many letters have to be inserted, removed or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
