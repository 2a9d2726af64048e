package sshd

import "strings"

// Directive is one line of a configuration file that says something.
type Directive struct {
	File    string
	Line    int
	Keyword string // lower case
	Args    []string
	Block   *Block // the Match block that it stands in; nil: for everybody
}

// Block is one Match block.
type Block struct {
	File     string
	Line     int
	Criteria []string // as written: "User", "*@*", "Address", ...
	Within   *Block   // the block around the Include that brought this file in
}

// ParseLine takes one line of sshd_config apart: a keyword, optionally '=',
// and arguments that may be quoted. A '#' that begins a word ends the line. It
// takes any input; ok is false for empty lines and comments.
func ParseLine(line string) (keyword string, args []string, ok bool) {
	line = strings.Trim(line, " \t\r\n\f\x00")
	if line == "" || line[0] == '#' {
		return "", nil, false
	}
	end := strings.IndexAny(line, " \t=\"")
	if end < 0 {
		return strings.ToLower(line), nil, true
	}
	keyword = strings.ToLower(line[:end])
	if keyword == "" {
		return "", nil, false
	}
	rest := strings.TrimLeft(line[end:], " \t")
	rest = strings.TrimPrefix(rest, "=")
	return keyword, words(rest), true
}

// words splits as argv_split of OpenSSH does: quotes of both kinds, and a
// backslash before a quote, a backslash or a space takes its meaning away.
func words(s string) []string {
	var out []string
	var word strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`"'\`, s[i+1]) >= 0,
			c == '\\' && i+1 < len(s) && quote == 0 && s[i+1] == ' ':
			i++
			word.WriteByte(s[i])
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, in = c, true
		case c == ' ' || c == '\t':
			if in {
				out = append(out, word.String())
				word.Reset()
				in = false
			}
		case c == '#' && !in:
			return out
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		out = append(out, word.String())
	}
	return out
}

// User is the pattern list of the block's User criterion, "" without one.
func (b *Block) User() string {
	for key, value := range b.pairs() {
		if key == "user" {
			return value
		}
	}
	return ""
}

// pairs goes through the criteria, "User *@*" and "User=*@*" alike.
func (b *Block) pairs() func(yield func(key, value string) bool) {
	return func(yield func(string, string) bool) {
		for i := 0; i < len(b.Criteria); i++ {
			key, value, joined := strings.Cut(b.Criteria[i], "=")
			key = strings.ToLower(key)
			if !joined && !alone(key) && i+1 < len(b.Criteria) {
				i++
				value = b.Criteria[i]
			}
			if !yield(key, value) {
				return
			}
		}
	}
}

// alone are the criteria without a value (sshd_config(5)).
func alone(key string) bool { return key == "all" || key == "invalid-user" }

// fate says whether a block applies to a user.
type fate int

const (
	no    fate = iota
	maybe      // it depends on where the person comes from
	yes
)

// applies is yes or no as far as the user's name decides. A user who has never
// signed in is in no group, so a Group criterion is a no.
func (b *Block) applies(user string) fate {
	if b == nil {
		return yes
	}
	f := b.Within.applies(user)
	for key, value := range b.pairs() {
		switch key {
		case "all":
		case "user":
			if !matchList(user, value) {
				return no
			}
		case "group", "invalid-user":
			return no
		default:
			f = min(f, maybe)
		}
	}
	return f
}
