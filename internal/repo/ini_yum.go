package repo

import "strings"

// readYum reads as yum 3 does (yum/parser.py, based on Python's configuration files: names
// in any case, a colon for an equals sign, "rem" for a comment). Any line that it cannot
// parse ends it. Included files are not read.
func readYum(text string) ([]section, *mistake) {
	var r reading
	name := "" // of the setting that an indented line continues
	for i, line := range lines(text) {
		number := i + 1
		line = strings.TrimRight(line, "\r\t ")
		trimmed := strings.TrimSpace(line)
		key, value, setting := cutSetting(trimmed)
		switch {
		case comment(line), len(line) > 2 && strings.EqualFold(line[:3], "rem"), strings.EqualFold(key, "include") && setting:
		case trimmed[0] == '[' && strings.Contains(trimmed, "]"): // blanks before it are removed
			id, wrong := yumHeading(trimmed)
			if wrong != "" {
				return r.all, &mistake{number, wrong}
			}
			r.heading(id, number)
			name = ""
		case len(r.all) == 0:
			return nil, &mistake{number, "it stands before the first section"}
		case line[0] == ' ' || line[0] == '\t':
			if name == "" {
				return r.all, &mistake{number, "it is indented, and goes on with no setting"}
			}
			r.values()[name] += "\n" + trimmed
		case line[0] == '[' || !setting || key == "":
			return r.all, &mistake{number, "it is neither a section nor a setting"}
		default:
			name = strings.ToLower(key)
			r.values()[name] = value
		}
	}
	return r.all, nil
}

// cutSetting splits a line at its first equals sign or colon, and removes a comment that
// begins with a blank and a semicolon.
func cutSetting(line string) (name, value string, ok bool) {
	at := strings.IndexAny(line, "=:")
	if at < 0 {
		return "", "", false
	}
	value = line[at+1:]
	if end := strings.IndexByte(value, ';'); end > 0 && (value[end-1] == ' ' || value[end-1] == '\t') {
		value = value[:end]
	}
	return strings.TrimSpace(line[:at]), strings.TrimSpace(value), true
}

// yumHeading is the ID of a heading; wrong says why it is none.
func yumHeading(line string) (id, wrong string) {
	id, behind, _ := strings.Cut(line[1:], "]")
	behind = strings.TrimSpace(behind)
	switch {
	case id == "":
		return "", "its section name is not closed or empty"
	case !comment(behind):
		return "", "something stands behind its section name"
	}
	return id, ""
}

// yumTruth is yum's BoolOption; with an unknown value the section is ignored.
func yumTruth(s string) (is, known bool) {
	switch strings.ToLower(s) {
	case "1", "yes", "true":
		return true, true
	case "0", "no", "false":
		return false, true
	}
	return false, false
}
