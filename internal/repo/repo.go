// Package repo knows the files that tell a package manager about repositories:
// it reads those that are on the machine, finds in them the repository that we
// need, and renders our own. Parsing is pure; look.go reads the files.
package repo

import (
	"io/fs"
	"net/url"
	"strconv"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/text"
)

// Entry is one repository that is configured on the machine.
type Entry struct {
	File       string
	Line       int    // of File, counted from 1
	ID         string // rpm: the section
	URI        string // without user and password
	Suite      string // apt
	Components []string
	Arches     []string // apt, in dpkg's terms; empty: all of the machine's
	Sources    bool     // apt: deb-src, sources only
	SignedBy   string   // as written: files or fingerprints; InlineKey; empty: the global trust
	Enabled    bool
	Verifies   bool   // signatures are checked
	Why        string // why not, as it is written: "trusted=yes"
	MissingKey string // a key file that the entry names, whose path is free
}

// InlineKey is the SignedBy of a deb822 entry that holds the key itself.
const InlineKey = "(a key in the entry itself)"

// Place is file and line, as a person looks it up.
func (e Entry) Place() string { return e.File + " line " + strconv.Itoa(e.Line) }

// Shown is the command that shows the entry where it stands.
func (e Entry) Shown() string {
	return "less +" + strconv.Itoa(max(e.Line, 1)) + " " + text.Quote(e.File)
}

// Untrusted is the fault of an entry that does not verify signatures, nil for
// one that does.
func (e Entry) Untrusted() *fault.Fault {
	if e.Verifies {
		return nil
	}
	return fault.New(fault.RepositoryUntrusted,
		"The entry for "+e.URI+" in "+e.Place()+" does not verify signatures: "+e.Why+".",
		"Change that entry ("+e.Shown()+") so that signatures are verified, or remove it, and "+fault.AddsItsOwn+fault.ThenAgain)
}

// Problem is something in the files that keeps a package manager from working,
// or a rest that does nothing.
type Problem struct {
	_ [0]func() // never compared: no code for == is linked

	File     string
	Line     int // 0: the whole file
	What     string
	Next     string // what there is to do; "" is to correct or remove the file
	Refused  bool   // its manager takes nothing of the file
	Leftover bool   // the file is named as ours or the vendor's, and configures nothing: safe to replace
}

// Place is file and line, as a person looks it up.
func (p Problem) Place() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + " line " + strconv.Itoa(p.Line)
}

// File is a file that should be on the machine.
type File struct {
	Path    string
	Content []byte
	Mode    fs.FileMode
}

// withoutUser is a URI without the credentials that may be in it, as user,
// password or query: a URI ends up in messages.
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

// location is what of a URI says where a repository is: host and path
// segments. http and https are the same place.
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

// same compares two places. A variable of yum in one of them, such as
// $releasever, stands for any version or architecture.
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
