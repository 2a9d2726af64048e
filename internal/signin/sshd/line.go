package sshd

import (
	"strconv"
	"strings"
)

// Directive is one line of a configuration file with a setting.
type Directive struct {
	File    string
	Line    int
	Keyword string // lower case
	Word    string // the keyword as the file has it
	Args    []string
	Block   *Block // its Match block; nil: for everybody
}

// Block is one Match block.
type Block struct {
	File     string
	Line     int
	Criteria []string // as written: "User", "*@*", "Address", ...
	at       int      // its index among the blocks
	Within   *Block   // the block around the Include of this file
}

// ParseLine parses a line of sshd_config: a keyword, optionally '=', and arguments that may
// be quoted. A '#' at the beginning of a word ends the line. It accepts any input; ok is
// false for empty lines and comments.
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

// words splits as argv_split of OpenSSH does: quotes of both kinds, and a backslash quotes
// a quote, a backslash or a space.
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

// pairs iterates over the criteria, in the forms "User *@*" and "User=*@*".
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

// alone reports criteria that have no value (sshd_config(5)).
func alone(key string) bool { return key == "all" || key == "invalid-user" }

// all reports whether a block applies to everybody.
func (b *Block) all() bool {
	return len(b.Criteria) == 1 && strings.EqualFold(b.Criteria[0], "all") && (b.Within == nil || b.Within.all())
}

// fate is whether a block applies to a connection.
type fate int

const (
	no    fate = iota
	maybe      // it depends on something unknown: a group, or a criterion that this release does not know
	yes
)

// adminGroup is the group of people with the role Virtual Machine Administrator Login, the
// only one that the package is known to use.
const adminGroup = "aad_admins"

// applies follows match_cfg_line in OpenSSH's servconf.c. A person who has never signed in
// is in no group; whether an administrator is already in the package's group when sshd
// evaluates the block is not published.
func (b *Block) applies(c *Connection) fate {
	if b == nil {
		return yes
	}
	f := b.Within.applies(c)
	for key, value := range b.pairs() {
		met := yes
		switch key {
		case "all", "version": // sshd's own, by which its answers are what they are for everybody
		case "user":
			met = of(matchList(c.User, value))
		case "address":
			met = of(matchAddress(c.Addr, value))
		case "localaddress":
			met = of(matchAddress(c.Local.Addr(), value))
		case "localport":
			met = of(value == strconv.Itoa(int(c.Local.Port())))
		case "host":
			met = of(matchList(strings.ToLower(c.Host), strings.ToLower(value)))
		case "rdomain":
			met = of(matchList("", value))
		case "group":
			met = c.inGroup(value)
		case "invalid-user":
			met = no
		default:
			met = maybe
		}
		if f = min(f, met); f == no {
			return no
		}
	}
	return f
}

// inGroup evaluates a Group criterion. For a person with an account the groups are known.
func (c *Connection) inGroup(list string) fate {
	switch {
	case c.Account.Err != nil:
		return maybe
	case c.Account.Known:
		return of(matchGroups(c.Account.Groups, list))
	case matchList(adminGroup, list):
		return maybe
	}
	return no
}

// matchGroups is ga_match_pattern_list in OpenSSH's groupaccess.c: if one of the groups
// matches an exclusion, that wins over everything.
func matchGroups(groups []string, list string) bool {
	found := false
	for _, g := range groups {
		for _, pattern := range split(list) {
			pattern, negated := strings.CutPrefix(pattern, "!")
			if MatchPattern(g, pattern) {
				if negated {
					return false
				}
				found = true
			}
		}
	}
	return found
}

func of(met bool) fate {
	if met {
		return yes
	}
	return no
}

// word is the keyword of a line as it is written.
func word(line, keyword string) string {
	line = strings.TrimLeft(line, " \t\f\x00")
	if len(line) < len(keyword) {
		return keyword
	}
	return line[:len(keyword)]
}
