package pkgmgr

import (
	"strings"
)

// State is how completely a package is installed.
type State int

// The states.
const (
	Absent    State = iota
	Installed       // all of it, and its scripts have run
	Broken          // partly installed: see Detail
)

// Package is one package as the machine's package database describes it.
type Package struct {
	Name    string
	Version string // as the manager prints it: apt "1.0-1", rpm "[epoch:]version-release"
	State   State
	Detail  string // if Broken, what is wrong, in the manager's words
	// Files has the digest of each file at installation, in hexadecimal (32 digits: MD5,
	// 64: SHA-256), if the query prints it: rpm's does, dpkg keeps its own in files.
	Files map[string]string
}

// Packages is the result of one query, by name. It has an entry for every queried name.
type Packages map[string]Package

// addFile records the digest of a file of a package.
func (p Packages) addFile(name, path, digest string) {
	of, ok := p[name]
	if !ok || digest == "" {
		return
	}
	if of.Files == nil {
		of.Files = map[string]string{}
	}
	of.Files[path] = digest
	p[name] = of
}

// Present reports whether all of names are installed completely.
func (p Packages) Present(names ...string) bool {
	for _, n := range names {
		if p[n].State != Installed {
			return false
		}
	}
	return true
}

// Satisfies reports whether the package is what spec asks for. A wanted version without
// release or epoch matches any of them: people and the vendor's documentation write
// "1.0.027980001", rpm prints "1.0.027980001-1".
func (p Package) Satisfies(spec Spec) bool {
	return p.State == Installed && (spec.Version == "" || SameVersion(p.Version, spec.Version))
}

// SameVersion reports whether the installed version is the wanted one, in which epoch and
// release may be left out.
func SameVersion(installed, asked string) bool {
	if installed == asked {
		return true
	}
	if _, noEpoch, ok := strings.Cut(installed, ":"); ok && !strings.Contains(asked, ":") {
		installed = noEpoch
	}
	return installed == asked || strings.HasPrefix(installed, asked+"-") && !strings.Contains(asked, "-")
}

func absent(names []string) Packages {
	p := make(Packages, len(names))
	for _, n := range names {
		p[n] = Package{Name: n}
	}
	return p
}
