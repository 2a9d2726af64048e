package repo

import (
	"iter"
	"slices"
	"strings"

	"aadssh/distro"
)

// section is one [id] of a .repo file.
type section struct {
	id     string
	line   int
	values map[string]string // what follows one another in a list is joined by \n
	names  []string          // of dnf's settings, in the order in which they first come
}

// mistake is a line for which a manager takes nothing of a file: dnf 4 goes on
// with the other files, yum, dnf 5 and zypper end their work.
type mistake struct {
	line int
	what string
}

// dialect is how one manager reads .repo files. Each is tried against the real
// one with generated files (test/suite/pkgmgr); yum and tdnf by their sources.
type dialect struct {
	// read gives the sections, those before a mistake too.
	read func(text string) ([]section, *mistake)
	// truth reads a boolean; what is not known leaves the default.
	truth func(value string) (is, known bool)
	// strict: a section with a boolean that is not known is left out.
	strict bool
	list   func(value string) []string // splits addresses and keys
	// on is whether a section is enabled that does not say so.
	on bool
	// takes reports whether a section may have this id; nil: any.
	takes        func(id string) bool
	verification func(dialect, section, checks) (verifies bool, why string)
}

func dialectOf(m distro.Manager) dialect {
	switch m {
	case distro.Zypper:
		return dialect{read: readZypp, truth: zyppTrue, list: zyppList, on: true, verification: zyppVerifies}
	case distro.Tdnf:
		return dialect{read: readTdnf, truth: tdnfTruth, list: tdnfList, verification: yumVerifies}
	case distro.Yum:
		return dialect{read: readYum, truth: yumTruth, strict: true, list: words, on: true, takes: repositoryID, verification: yumVerifies}
	default:
		return dialect{read: readDnf, truth: dnfTruth, list: dnfList, on: true, takes: repositoryID, verification: yumVerifies}
	}
}

// checks are the settings of signature checks that hold where a section says
// nothing: those of the manager's own configuration file, else built in.
type checks struct {
	packages bool // gpgcheck, pkg_gpgcheck
	metadata bool // repo_gpgcheck
}

// ParseRepo reads a .repo file as a manager does. gpgcheck is what holds for
// repositories that do not say it themselves.
func ParseRepo(m distro.Manager, file string, text []byte, gpgcheck bool) ([]Entry, []Problem) {
	return dialectOf(m).parse(file, text, gpgcheck)
}

func (d dialect) parse(file string, text []byte, gpgcheck bool) ([]Entry, []Problem) {
	all, wrong := d.read(string(text))
	if wrong != nil {
		return nil, []Problem{{File: file, Line: wrong.line, What: wrong.what + ", so that nothing of the file is used", Refused: true}}
	}
	var entries []Entry
	var problems []Problem
	for _, s := range all {
		if s.id == "main" {
			continue
		}
		some, what := d.entries(s, checks{packages: gpgcheck})
		if what != "" {
			problems = append(problems, Problem{File: file, Line: s.line, What: "its section [" + shown(s.id) + "] " + what})
		}
		for _, e := range some {
			e.File = file
			entries = append(entries, e)
		}
	}
	return entries, problems
}

// entries are the repositories of a section, one for each address; what says why
// there are none, where that is a mistake.
func (d dialect) entries(s section, defaults checks) (all []Entry, what string) {
	if d.takes != nil && !d.takes(s.id) {
		return nil, "has a name that is not taken: letters, digits and - _ . : are"
	}
	e := Entry{Line: s.line, ID: s.id, SignedBy: strings.Join(d.list(s.values["gpgkey"]), " "), Enabled: d.on}
	if value, set := s.values["enabled"]; set {
		is, known := d.truth(value)
		switch {
		case known:
			e.Enabled = is
		case d.strict:
			return nil, "is left out: enabled=" + shown(value) + " is neither yes nor no"
		}
	}
	if d.strict {
		if value, set := s.values["gpgcheck"]; set {
			if _, known := d.truth(value); !known {
				return nil, "is left out: gpgcheck=" + shown(value) + " is neither yes nor no"
			}
		}
	}
	e.Verifies, e.Why = d.verification(d, s, defaults)
	addresses := d.list(s.values["baseurl"])
	for _, name := range []string{"mirrorlist", "metalink"} {
		found := d.list(s.values[name])
		addresses = append(addresses, found[:min(len(found), 1)]...) // these are no lists
	}
	for _, address := range addresses {
		e.URI = withoutUser(address)
		all = append(all, e)
	}
	if len(all) == 0 && e.Enabled {
		return nil, "has no address"
	}
	return all, ""
}

// yumVerifies: packages must be checked. Signed metadata alone does not do, for
// yum and dnf install an unsigned package from it.
func yumVerifies(d dialect, s section, defaults checks) (bool, string) {
	value, set := s.values["gpgcheck"]
	is, known := d.truth(value)
	switch {
	case set && known && is, (!set || !known) && defaults.packages:
		return true, ""
	case !set:
		return false, "gpgcheck is not set, neither here nor for all repositories"
	}
	return false, "gpgcheck=" + shown(value)
}

// words splits a list as .repo files write it: by blanks, lines and commas.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == ',' })
}

// repositoryID reports whether yum and dnf take an id: one with another
// character is left out by yum and dnf 4 ("Bad id for repo"), and ends dnf 5.
func repositoryID(id string) bool {
	return !strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:", r))
	})
}

// reading is a .repo file while it is read. A section that comes twice is one.
type reading struct {
	all     []section
	current int
}

func (r *reading) heading(id string, line int) {
	r.current = slices.IndexFunc(r.all, func(s section) bool { return s.id == id })
	if r.current < 0 {
		r.current = len(r.all)
		r.all = append(r.all, section{id: id, line: line, values: map[string]string{}})
	}
}

// comes notes that a setting is read.
func (r *reading) comes(name string) {
	if s := &r.all[r.current]; !slices.Contains(s.names, name) {
		s.names = append(s.names, name)
	}
}

// values are those of the section that is being read.
func (r *reading) values() map[string]string { return r.all[r.current].values }

// numbered are the lines of a text without their ends, counted from 1.
func numbered(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		number := 0
		for line := range strings.Lines(text) {
			number++
			if !yield(number, strings.TrimSuffix(line, "\n")) {
				return
			}
		}
	}
}

// comment reports whether a line is empty or begins as a comment does.
func comment(line string) bool { return line == "" || line[0] == '#' || line[0] == ';' }

// Excludes are the patterns of packages that a manager's own file keeps out of
// every repository, or the definition of a repository out of it.
func Excludes(m distro.Manager, text []byte, id string) []string {
	all, _ := dialectOf(m).read(string(text))
	var patterns []string
	for _, s := range all {
		if s.id != "main" && s.id != id {
			continue
		}
		for _, name := range []string{"exclude", "excludepkgs"} {
			patterns = append(patterns, words(s.values[name])...)
		}
	}
	return patterns
}
