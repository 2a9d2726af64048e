package repo

import (
	"strconv"
	"strings"
)

// readTdnf reads as tdnf 3 does (llconf/ini.c, client/repolist.c): it skips what it cannot
// parse, no line continues another, and a duplicate ID makes it stop.
func readTdnf(text string) ([]section, *mistake) {
	const blank = " \t\r\v\f"
	var r reading
	for i, line := range lines(text) {
		number := i + 1
		trimmed := strings.TrimLeft(line, blank)
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case trimmed[0] == '[':
			id, _, _ := strings.Cut(strings.TrimLeft(trimmed[1:], blank), "]")
			before := len(r.all)
			if r.heading(id, number); len(r.all) == before {
				return r.all, &mistake{number, "its section [" + shown(id) + "] is there twice"}
			}
		case len(r.all) > 0:
			name := trimmed[:len(trimmed)-len(strings.TrimLeftFunc(trimmed, func(c rune) bool { return c != '=' && !strings.ContainsRune(blank, c) }))]
			if value, ok := strings.CutPrefix(strings.TrimLeft(trimmed[len(name):], blank), "="); ok {
				r.values()[name] = strings.TrimLeft(value, blank)
			}
		}
	}
	return r.all, nil
}

// tdnfList splits only at spaces.
func tdnfList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })
}

// tdnfTruth is tdnf's isTrue (common/utils.c): true, or a number that is not 0; yes and on
// are not true, and neither is a number followed by a blank.
func tdnfTruth(s string) (is, known bool) {
	if strings.EqualFold(s, "true") {
		return true, true
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return err == nil && n != 0, true
}
