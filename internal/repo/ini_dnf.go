package repo

import (
	"path"
	"strings"

	"aadssh/internal/host"
)

// readDnf reads as dnf 4 and 5 do (libdnf, iniparser.cpp). Any line that it cannot parse
// ends it.
func readDnf(text string) ([]section, *mistake) {
	const blank = " \t\r"
	var r reading
	name := "" // of the setting that an indented line continues
	finish := func() {
		if name != "" {
			r.values()[name] = unquoted(strings.TrimRight(r.values()[name], "\n"))
		}
		name = ""
	}
	for i, line := range lines(strings.TrimPrefix(text, "\ufeff")) {
		number := i + 1
		trimmed := strings.Trim(line, blank)
		switch {
		case comment(line):
			finish()
		case trimmed == "": // a line of blanks continues a value
			if name != "" {
				r.values()[name] += "\n"
			}
		case trimmed[0] == '[':
			finish()
			id, wrong := dnfHeading(trimmed)
			if wrong != "" {
				return r.all, &mistake{number, wrong}
			}
			r.heading(id, number)
		case len(r.all) == 0:
			return nil, &mistake{number, "it stands before the first section"}
		case strings.TrimLeft(line, blank) != line:
			if name == "" {
				return r.all, &mistake{number, "it is indented, and goes on with no setting"}
			}
			r.values()[name] += "\n" + trimmed
		default:
			finish()
			key, value, ok := strings.Cut(trimmed, "=")
			if !ok || key == "" {
				return r.all, &mistake{number, "it is neither a section nor a setting"}
			}
			name = strings.TrimRight(key, " \t")
			r.comes(name)
			r.values()[name] = strings.TrimLeft(value, " \t")
		}
	}
	finish()
	return r.all, nil
}

// readDnf5: for dnf 5 pkg_gpgcheck is another name for gpgcheck. The settings count in the
// order of their first occurrence, if their values are known.
func readDnf5(text string) ([]section, *mistake) {
	all, wrong := readDnf(text)
	for _, s := range all {
		last := ""
		for _, name := range s.names {
			if _, known := dnfTruth(s.values[name]); known && (name == "gpgcheck" || name == "pkg_gpgcheck") {
				last = s.values[name]
			}
		}
		if last != "" {
			s.values["gpgcheck"] = last
		}
	}
	return all, wrong
}

// dnfHeading is the ID of a heading; wrong says why it is none.
func dnfHeading(line string) (id, wrong string) {
	id, behind, closed := strings.Cut(line[1:], "]")
	switch {
	case !closed || id == "":
		return "", "its section name is not closed or empty"
	case len(behind) > 1 && strings.IndexAny(strings.TrimLeft(behind, " \t\r"), "#;") != 0:
		return "", "something stands behind its section name"
	}
	return id, ""
}

// unquoted removes quotes around a value.
func unquoted(s string) string {
	if len(s) > 1 && s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\'') {
		return s[1 : len(s)-1]
	}
	return s
}

// dnfTruth is libdnf's OptionBool; an unknown value keeps the default, with a warning.
func dnfTruth(s string) (is, known bool) {
	switch strings.ToLower(s) {
	case "1", "yes", "true", "on":
		return true, true
	case "0", "no", "false", "off":
		return false, true
	}
	return false, false
}

// dnfList splits at spaces, lines and commas; a tab is part of an address.
func dnfList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == ',' })
}

// isDnf5 reports whether the machine's dnf is dnf 5, which has the name dnf through a link.
func isDnf5(h *host.Host) bool {
	program, err := h.Readlink("/usr/bin/dnf")
	return err == nil && path.Base(program) == "dnf5"
}
