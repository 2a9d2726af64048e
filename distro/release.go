package distro

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxOSRelease is the largest accepted size of an os-release file, in bytes. The largest
// that a distribution publishes is below 1 KiB.
const maxOSRelease = 64 << 10

// maxValue is the most that is kept of one value, in bytes. Values end up in messages of at
// most 1,500 bytes.
const maxValue = 160

// ErrNoID means that the text has no ID and therefore names no distribution.
var ErrNoID = errors.New("os-release has no ID line, so it does not say which distribution this is")

// Release is what os-release(5) says about a machine.
type Release struct {
	ID         string   // lower case: "ubuntu", "rhel", "sles_sap"
	VersionID  string   // "22.04", "9.4"; empty on a rolling release
	Codename   string   // VERSION_CODENAME: "jammy"
	PrettyName string   // for people: "Ubuntu 22.04.4 LTS"
	IDLike     []string // lower case; the distributions that it derives from
	Variant    string   // VARIANT_ID
}

// Parse reads the text of /etc/os-release. It tolerates what does not matter (comments,
// junk lines, unknown names, CRLF, a byte order mark) and fails only if the text is too
// large, is not text, or has no ID (ErrNoID).
func Parse(osRelease []byte) (Release, error) {
	if len(osRelease) > maxOSRelease {
		return Release{}, fmt.Errorf("os-release is %d bytes long, more than the %d that are read", len(osRelease), maxOSRelease)
	}
	text := bytes.TrimPrefix(osRelease, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
		return Release{}, errors.New("os-release is not a text file")
	}
	var r Release
	for line := range strings.Lines(string(text)) {
		name, value, ok := assignment(line)
		if !ok {
			continue
		}
		switch name {
		case "ID":
			r.ID = strings.ToLower(value)
		case "VERSION_ID":
			r.VersionID = value
		case "VERSION_CODENAME":
			r.Codename = value
		case "PRETTY_NAME":
			r.PrettyName = value
		case "ID_LIKE":
			r.IDLike = strings.Fields(strings.ToLower(value))
		case "VARIANT_ID":
			r.Variant = strings.ToLower(value)
		}
	}
	if r.ID == "" {
		return Release{}, ErrNoID
	}
	return r, nil
}

// String is the name that people use for the release.
func (r Release) String() string {
	switch {
	case r.PrettyName != "":
		return r.PrettyName
	case r.VersionID != "":
		return r.ID + " " + r.VersionID
	default:
		return r.ID
	}
}

// assignment splits NAME=value and removes the quotes. It returns false for everything
// else.
func assignment(line string) (name, value string, ok bool) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "#") {
		return "", "", false
	}
	name, raw, found := strings.Cut(line, "=")
	if !found || name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
		return "", "", false
	}
	value, ok = unquote(raw)
	return name, printable(value), ok
}

// unquote removes shell quotes from a value, as os-release(5) allows them: none, single, or
// double with backslash escapes. A quote that is never closed and text after a closing
// quote are junk.
func unquote(raw string) (string, bool) {
	if raw == "" {
		return "", true
	}
	quote := raw[0]
	if quote != '"' && quote != '\'' {
		return raw, true
	}
	var b strings.Builder
	for i := 1; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == quote:
			return b.String(), i == len(raw)-1
		case c == '\\' && quote == '"' && i+1 < len(raw) && strings.IndexByte("\"\\$`", raw[i+1]) >= 0:
			i++
			b.WriteByte(raw[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// printable removes what must not reach a terminal or a status file, and cuts a text that
// is too long.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= maxValue {
		return s
	}
	s = s[:maxValue]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
