package pkgmgr

import (
	"strings"
)

// State is how far a package is installed.
type State int

// The states.
const (
	Absent    State = iota
	Installed       // all of it, and its scripts have run
	Broken          // some of it: see Detail
)

// Package is one package as the machine's package database has it.
type Package struct {
	Name    string
	Version string // as the manager prints it: apt "1.0-1", rpm "[epoch:]version-release"
	Arch    string
	State   State
	Held    bool   // its owner wants it to stay as it is (apt-mark hold)
	Detail  string // what is wrong where Broken, in the manager's words
	// Files has the digest of each file as it was installed, in hexadecimal (32
	// digits: MD5, 64: SHA-256), where the query says so: rpm's does, dpkg has its
	// own in files.
	Files map[string]string
}

// Packages are the answers of one query, by name. Every name that was asked
// for is in it.
type Packages map[string]Package

// addFile notes the digest of a file of a package.
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

// Present reports whether all of names are installed, and whole.
func (p Packages) Present(names ...string) bool {
	for _, n := range names {
		if p[n].State != Installed {
			return false
		}
	}
	return true
}

// Satisfies reports whether the package is what spec asks for. A version that
// is asked for without a release or epoch is met by any of them: people and
// the vendor's documentation write "1.0.027980001", rpm says
// "1.0.027980001-1".
func (p Package) Satisfies(spec Spec) bool {
	return p.State == Installed && (spec.Version == "" || SameVersion(p.Version, spec.Version))
}

// SameVersion reports whether the installed version is the one that was asked
// for, of which epoch and release may be left out.
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
