// Package repo handles the files that define repositories for a package manager: it reads
// those on the machine, finds the repository that we need in them, and renders our own.
// Only look.go reads files; the parsers take text.
package repo

import (
	"io/fs"
	"net/url"
	"strconv"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/text"
)

// Entry is one configured repository.
type Entry struct {
	File       string
	Line       int    // of File, counted from 1
	ID         string // rpm: the section
	URI        string // without user and password
	Suite      string // apt
	Components []string
	Arches     []string // apt, with dpkg's names; empty: all of the machine's
	Sources    bool     // apt: deb-src, sources only
	SignedBy   string   // as written: files or fingerprints; InlineKey; empty: all keys that apt trusts
	Enabled    bool
	Verifies   bool   // signatures are checked
	Why        string // why not, as written: "trusted=yes"
	MissingKey string // a missing key file that the entry names, and that can be written
}

// InlineKey is the SignedBy of a deb822 entry that contains the key itself.
const InlineKey = "(a key in the entry itself)"

// Place is file and line, for people.
func (e *Entry) Place() string { return e.File + " line " + strconv.Itoa(e.Line) }

// Shown is the command that shows the entry in its file.
func (e *Entry) Shown() string {
	return "less +" + strconv.Itoa(max(e.Line, 1)) + " " + text.Quote(e.File)
}

// Untrusted is the fault of an entry that does not verify signatures; nil for one that
// does.
func (e *Entry) Untrusted() *fault.Fault {
	if e.Verifies {
		return nil
	}
	return fault.New(fault.RepositoryUntrusted,
		"The entry for "+e.URI+" in "+e.Place()+" does not verify signatures: "+e.Why+".",
		"Change that entry ("+e.Shown()+") so that signatures are verified, or remove it, and "+fault.AddsItsOwn+fault.ThenAgain)
}

// Problem is something in the files that prevents a package manager from working, or a
// leftover without effect.
type Problem struct {
	_ [0]func() // never compared: no code for == is linked

	File     string
	Line     int // 0: the whole file
	What     string
	Next     string // what to do; "" is to correct or remove the file
	Refused  bool   // its manager ignores the whole file
	Leftover bool   // the file is named like ours or the vendor's, and configures nothing: safe to replace
}

// Place is file and line, for people.
func (p Problem) Place() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + " line " + strconv.Itoa(p.Line)
}

// File is a wanted file.
type File struct {
	Path    string
	Content []byte
	Mode    fs.FileMode
}

// withoutUser is a URI without credentials, as user, password or query: a URI may be shown
// in messages.
func withoutUser(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	host, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = host[at+1:]
	}
	if slash {
		host += "/"
	}
	return scheme + "://" + host + path
}

// location is the part of a URI that identifies a repository: host and path segments. http
// and https are the same location.
type location struct {
	host     string
	segments []string
}

func locate(uri string) (location, bool) {
	u, err := url.Parse(withoutUser(uri))
	if err != nil {
		return location{}, false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		host := strings.ToLower(u.Host)
		host = strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
		return location{host, segments(u.Path)}, host != ""
	case "file", "copy":
		return location{"(this machine)", segments(u.Path)}, true
	default:
		return location{}, false
	}
}

func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// same compares two locations. A variable of yum in one of them, such as $releasever,
// matches any version or architecture.
func (l location) same(m location) bool {
	if l.host != m.host || len(l.segments) != len(m.segments) {
		return false
	}
	for i, s := range l.segments {
		if s != m.segments[i] && !variable(s, m.segments[i]) && !variable(m.segments[i], s) {
			return false
		}
	}
	return true
}

func variable(name, value string) bool {
	switch strings.Trim(name, "${}") {
	case "releasever", "releasever_major":
		return strings.HasPrefix(name, "$") && strings.Trim(value, "0123456789.") == ""
	case "basearch", "arch":
		return strings.HasPrefix(name, "$") && (value == "x86_64" || value == "aarch64")
	default:
		return false
	}
}
