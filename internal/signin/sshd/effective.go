package sshd

import (
	"strings"

	"aadssh/internal/text"
)

// maxLines limits what is read of sshd's output: it normally has about 90 lines, and one
// more for each pattern of an Allow or Deny list.
const maxLines = 20000

// Effective is the output of "sshd -T -C user=...": the effective configuration for one
// user.
type Effective struct {
	Conn   Connection          // the connection that it was asked about
	values map[string][]string // by keyword in lower case, in sshd's order
}

// ParseEffective parses the output of "sshd -T". It accepts any input: lines that are not a
// keyword and its value are ignored.
func ParseEffective(c Connection, output []byte) Effective {
	e := Effective{Conn: c, values: map[string][]string{}}
	n := 0
	for _, line := range text.SplitLines(string(output)) {
		if n++; n > maxLines {
			break
		}
		keyword, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if !isKeyword(keyword) {
			continue
		}
		keyword = strings.ToLower(keyword)
		e.values[keyword] = append(e.values[keyword], strings.TrimSpace(value))
	}
	return e
}

// isKeyword distinguishes a configuration line from a message: all of sshd's keywords
// consist of letters and digits.
func isKeyword(s string) bool {
	if s == "" {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Has reports whether sshd printed the keyword at all: older versions do not know newer
// keywords, and lists that are not set are not printed.
func (e *Effective) Has(keyword string) bool { return len(e.values[keyword]) > 0 }

// Value is the first value of a keyword, "" if sshd did not print it.
func (e *Effective) Value(keyword string) string {
	if v := e.values[keyword]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// List are all values of a keyword that sshd prints one per line, such as allowusers and
// listenaddress.
func (e *Effective) List(keyword string) []string { return e.values[keyword] }

// Accepted are the algorithms that sshd accepts for a user's key. The keyword was renamed
// in OpenSSH 8.5 (release notes); both names mean the same.
func (e *Effective) Accepted() (algorithms []string, keyword string) {
	for _, k := range []string{"pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes"} {
		if e.Has(k) {
			return split(e.Value(k)), k
		}
	}
	return nil, ""
}

// split splits a comma-separated list.
func split(list string) []string {
	var out []string
	for _, v := range strings.Split(list, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}
