package repo

import (
	"slices"
	"strings"

	"aadssh/distro"
)

// section is one [id] of a .repo file.
type section struct {
	id     string
	line   int
	values map[string]string // consecutive values of a list are joined by \n
	names  []string          // names of dnf's settings, in the order of their first occurrence
}

// mistake is a line that makes a manager ignore a file: dnf 4 continues with the other
// files, yum, dnf 5 and zypper stop.
type mistake struct {
	line int
	what string
}

// dialect describes how one manager reads .repo files. All are compared with the real
// managers on generated files (test/suite/pkgmgr), except yum and tdnf, which follow their
// sources.
type dialect struct {
	// read returns the sections, including those before a mistake.
	read func(text string) ([]section, *mistake)
	// truth parses a boolean; an unknown value keeps the default.
	truth func(value string) (is, known bool)
	// strict: a section with an unknown boolean is ignored.
	strict bool
	list   func(value string) []string // splits addresses and keys
	// on is whether a section is enabled by default.
	on bool
	// takes reports whether a section may have this ID; nil: any.
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

// checks are the defaults of signature checks for sections that do not set them: from the
// manager's own configuration file, or else built in.
type checks struct {
	packages bool // gpgcheck, pkg_gpgcheck
	metadata bool // repo_gpgcheck
}

// ParseRepo reads a .repo file as a manager does. gpgcheck is the default for repositories
// that do not set it.
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

// entries are the repositories of a section, one for each address; what says why there are
// none, if that is a mistake.
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
		addresses = append(addresses, found[:min(len(found), 1)]...) // these settings are not lists
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

// yumVerifies: packages must be checked. Signed metadata is not enough, because yum and dnf
// install an unsigned package from it.
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

// words splits a list in a .repo file: at blanks, lines and commas.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == ',' })
}

// repositoryID reports whether yum and dnf accept an ID: with other characters, yum and dnf
// 4 ignore the section ("Bad id for repo"), and dnf 5 stops.
func repositoryID(id string) bool {
	return !strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:", r))
	})
}

// reading is a .repo file while it is read. Two sections with the same ID are one.
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

// comes records that a setting is read.
func (r *reading) comes(name string) {
	if s := &r.all[r.current]; !slices.Contains(s.names, name) {
		s.names = append(s.names, name)
	}
}

// values are the settings of the current section.
func (r *reading) values() map[string]string { return r.all[r.current].values }

// lines are the lines of a text without their line ends.
func lines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

// comment reports whether a line is empty or a comment.
func comment(line string) bool { return line == "" || line[0] == '#' || line[0] == ';' }

// Excludes are the patterns of packages that a manager's configuration file excludes from
// every repository, or a repository's definition from that one.
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
