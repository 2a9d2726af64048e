// Package grammar has the narrowest form of each kind of word that becomes an
// argument of a program or a part of a line in a file: what its reader may take
// for an option, a pattern, an order or another line is not in it. Whoever
// makes an argument of something asks here, wherever it comes from.
package grammar

import (
	"path"
	"regexp"
	"strings"

	"aadssh/internal/text"
)

// VersionPattern is a package's version: an epoch, then letters and digits with
// single signs between them. apt takes a "-" or "+" at the end of NAME=VERSION
// for an order to remove or to install the package; dnf, yum and tdnf take
// patterns, zypper relations.
const VersionPattern = `([0-9]{1,9}:)?[0-9]([.+~^_-]?[0-9A-Za-z]){0,63}`

// A host, by its name or between brackets by its address, and a port. They stand
// in the JSON schema as well, so they are kept to what RE2 and ECMA 262 both read.
const (
	HostPattern = `([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])`
	PortPattern = `(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})`
)

// The forms, of which each must be the whole of a word.
var (
	version      = whole(VersionPattern)
	packageName  = whole(`[a-z0-9][a-z0-9+.-]{1,62}[a-z0-9+]`)
	repositoryID = whole(`[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}`)
	alias        = whole(`[A-Za-z0-9_][A-Za-z0-9_.:+@() -]{0,127}`)
	filePath     = whole(`/[A-Za-z0-9._/+@:~-]{1,254}`)
)

func whole(pattern string) func() *regexp.Regexp { return text.Pattern(`^(?:` + pattern + `)$`) }

// Version reports whether s is a version of a package.
func Version(s string) bool { return version().MatchString(s) }

// PackageName reports whether s is the name of a package (Debian policy 5.6.1,
// which is narrower than rpm's).
func PackageName(s string) bool { return packageName().MatchString(s) }

// RepositoryID reports whether s is the name of a repository for dnf, yum and
// tdnf, which take lists and patterns (dnf's own check of the name, conf/main).
func RepositoryID(s string) bool { return repositoryID().MatchString(s) }

// Alias reports whether s is the alias of a repository for zypper, which takes
// blanks in it, and for a number the place in its list.
func Alias(s string) bool {
	return alias().MatchString(s) && strings.Trim(s, "0123456789") != ""
}

// Path reports whether s is the path of a file: absolute, with nothing in it that
// a shell, a configuration file or a terminal would take for something else.
func Path(s string) bool {
	return filePath().MatchString(s) && path.Clean(s) == s
}
