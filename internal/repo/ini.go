package repo

import (
	"strings"
)

// section is one [id] of a .repo file.
type section struct {
	id     string
	line   int
	lines  map[string]int
	values map[string]string // by name in lower case; continuation lines joined by \n
}

// sections reads an INI file as yum, dnf, tdnf and zypper do. Text before the
// first section is a problem: yum and dnf refuse the file for it.
func sections(file string, text []byte) ([]section, []Problem) {
	var all []section
	var problems []Problem
	name := ""
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		number++
		line = strings.TrimRight(line, "\r\n\t ")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
			continue
		}
		if trimmed[0] == '[' && line[0] == '[' {
			id, _, closed := strings.Cut(trimmed[1:], "]")
			if !closed || id == "" {
				problems = append(problems, Problem{File: file, Line: number, What: "its section name is not closed or empty"})
				id = ""
			}
			all = append(all, section{id: id, line: number, lines: map[string]int{}, values: map[string]string{}})
			name = ""
			continue
		}
		if len(all) == 0 {
			problems = append(problems, Problem{File: file, Line: number, What: "it stands before the first section"})
			continue
		}
		current := &all[len(all)-1]
		if line[0] == ' ' || line[0] == '\t' {
			if name != "" {
				current.values[name] += "\n" + trimmed
			}
			continue
		}
		key, value, ok := strings.Cut(trimmed, "=")
		if !ok {
			key, value, ok = strings.Cut(trimmed, ":")
		}
		if !ok {
			problems = append(problems, Problem{File: file, Line: number, What: "it is neither a section nor a setting"})
			name = ""
			continue
		}
		name = strings.ToLower(strings.TrimSpace(key))
		current.lines[name] = number
		current.values[name] = strings.TrimSpace(value)
	}
	return all, problems
}

// checks are the settings of signature checks that hold where a section says
// nothing: those of the manager's own configuration file, else built in.
type checks struct {
	packages bool // gpgcheck, pkg_gpgcheck
	metadata bool // repo_gpgcheck
}

// verdict is how one section is judged: whether signatures are checked, and if
// not, the setting that says so.
type verdict func(section, checks) (verifies bool, why string)

// yumVerdict: packages must be checked. Signed metadata alone does not do, for
// yum and dnf install an unsigned package from it.
func yumVerdict(s section, defaults checks) (bool, string) {
	value, set := s.values["gpgcheck"]
	if yes(value) || !set && defaults.packages {
		return true, ""
	}
	if !set {
		return false, "gpgcheck is not set, neither here nor for all repositories"
	}
	return false, "gpgcheck=" + shown(value)
}

// zyppVerdict: libzypp checks the metadata and, through its checksums, the
// packages; or the packages themselves where the metadata is not signed. A
// specific setting wins over gpgcheck (zypper.conf, libzypp RepoInfo).
func zyppVerdict(s section, defaults checks) (bool, string) {
	general := defaults.packages
	if value, set := s.values["gpgcheck"]; set {
		general = !no(value)
	}
	specific := func(name string, otherwise bool) bool {
		value, set := s.values[name]
		if !set {
			return otherwise
		}
		return !no(value)
	}
	if specific("repo_gpgcheck", general || defaults.metadata) || specific("pkg_gpgcheck", general) {
		return true, ""
	}
	for _, name := range []string{"gpgcheck", "repo_gpgcheck", "pkg_gpgcheck"} {
		if value, set := s.values[name]; set && no(value) {
			return false, name + "=" + shown(value)
		}
	}
	return false, "signature checks are off for all repositories"
}

// parseINI turns sections into entries, one for each address.
func parseINI(file string, text []byte, defaults checks, judge verdict) ([]Entry, []Problem) {
	all, problems := sections(file, text)
	var entries []Entry
	for _, s := range all {
		if s.id == "" || s.id == "main" {
			continue
		}
		e := Entry{File: file, Line: s.line, ID: s.id, SignedBy: s.values["gpgkey"], Enabled: !no(s.values["enabled"])}
		e.Verifies, e.Why = judge(s, defaults)
		var addresses []string
		for _, name := range []string{"baseurl", "mirrorlist", "metalink"} {
			addresses = append(addresses, words(s.values[name])...)
		}
		if len(addresses) == 0 && e.Enabled {
			problems = append(problems, Problem{File: file, Line: s.line, What: "its section [" + shown(s.id) + "] has no address"})
			continue
		}
		for _, address := range addresses {
			e.URI = withoutUser(address)
			entries = append(entries, e)
		}
	}
	return entries, problems
}

// words splits a list as .repo files write it: by blanks, lines and commas.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == ',' })
}

// ParseYum reads a .repo file of yum, dnf or tdnf. gpgcheck is what the
// manager's own configuration says of repositories that do not say it.
func ParseYum(file string, text []byte, gpgcheck bool) ([]Entry, []Problem) {
	return parseINI(file, text, checks{packages: gpgcheck}, yumVerdict)
}

// ParseZypp reads a .repo file of zypper. gpgcheck is what zypp.conf says; its
// default is true.
func ParseZypp(file string, text []byte, gpgcheck bool) ([]Entry, []Problem) {
	return parseINI(file, text, checks{packages: gpgcheck}, zyppVerdict)
}
