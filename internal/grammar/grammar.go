// Package grammar defines the narrowest form of each kind of word that becomes an argument
// of a program or a part of a line in a file. It contains nothing that the reader could
// take for an option, a pattern, an order or another line. All code that makes arguments
// checks them here, wherever they come from.
package grammar

import (
	"path"
	"regexp"
	"strings"

	"aadssh/internal/text"
)

// VersionPattern is a package's version: an epoch, then letters and digits with single
// signs between them. apt takes a "-" or "+" at the end of NAME=VERSION for an order to
// remove or to install the package; dnf, yum and tdnf accept patterns, zypper accepts
// relations.
const VersionPattern = `([0-9]{1,9}:)?[0-9]([.+~^_-]?[0-9A-Za-z]){0,63}`

// A host, as a name or as an address in brackets, and a port. The patterns are also in the
// JSON schema, so they only use what RE2 and ECMA 262 have in common.
const (
	HostPattern = `([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])`
	PortPattern = `(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})`
)

// The forms; each must match the whole word.
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

// RepositoryID reports whether s is the name of a repository for dnf, yum and tdnf, which
// also accept lists and patterns (dnf's own check of the name, conf/main).
func RepositoryID(s string) bool { return repositoryID().MatchString(s) }

// Alias reports whether s is the alias of a repository for zypper, which accepts blanks in
// it, and takes a number for the position in its list.
func Alias(s string) bool {
	return alias().MatchString(s) && strings.Trim(s, "0123456789") != ""
}

// Path reports whether s is the path of a file: absolute, without anything that a shell, a
// configuration file or a terminal would treat specially.
func Path(s string) bool {
	return filePath().MatchString(s) && path.Clean(s) == s
}
