package pkgmgr

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// zyppLocks is where zypper keeps the locks that a person sets (zypper(8),
// Package Locks Management): "name: value" lines, an empty line between two locks.
const zyppLocks = "/etc/zypp/locks"

// zyppLock is one lock. zypper removes one by a word only where the word, the
// repository and the types are those that it was set with, and a regular
// expression by none: what always works is its number in "zypper locks".
type zyppLock struct {
	names  []string // patterns of names
	match  string   // glob, regex, exact; else a part of the name, in libzypp's own words "substring"
	folded bool     // case does not matter, as where the file says nothing of it
	types  []string
}

func parseZyppLocks(content string) []zyppLock {
	var all []zyppLock
	for _, part := range regexp.MustCompile(`\n\s*\n`).Split(strings.ReplaceAll(content, "\r\n", "\n"), -1) {
		lock := zyppLock{folded: true}
		for line := range strings.Lines(part) {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			switch strings.TrimSpace(name) {
			case "solvable_name":
				lock.names = append(lock.names, value)
			case "match_type":
				lock.match = value
			case "case_sensitive":
				lock.folded = value != "on" && value != "true" && value != "1" && value != "yes"
			case "type":
				lock.types = append(lock.types, value)
			}
		}
		if len(lock.names) > 0 {
			all = append(all, lock)
		}
	}
	return all
}

// holds reports whether the lock is on a package of this name.
func (l zyppLock) holds(name string) bool {
	if len(l.types) > 0 && !slices.Contains(l.types, "package") {
		return false
	}
	return slices.ContainsFunc(l.names, func(pattern string) bool {
		if l.match == "regex" {
			if l.folded {
				pattern = "(?i)" + pattern
			}
			re, err := regexp.Compile(pattern)
			return err == nil && re.MatchString(name)
		}
		name := name
		if l.folded {
			name, pattern = strings.ToLower(name), strings.ToLower(pattern)
		}
		switch l.match {
		case "glob":
			matches, err := path.Match(pattern, name)
			return err == nil && matches
		case "exact":
			return pattern == name
		}
		return strings.Contains(name, pattern)
	})
}

// zypperLocked says which lock keeps a package as it is, and how that one is
// removed; nil where the file of the locks does not tell.
func zypperLocked(h *host.Host, _ Source, said []string) *fault.Fault {
	content, err := h.ReadFile(zyppLocks, host.Limit)
	if err != nil {
		return nil
	}
	var patterns []string
	for _, lock := range parseZyppLocks(string(content)) {
		if !lock.holds(said[1]) {
			continue
		}
		if len(lock.names) > 1 {
			return nil // "zypper locks" does not show the names of such a lock
		}
		patterns = text.AddNew(patterns, lock.names[0])
	}
	if len(patterns) == 0 {
		return nil
	}
	search := ""
	for _, pattern := range patterns {
		search += " -e " + text.Quote("| "+pattern+" ")
	}
	return fault.New(fault.PackageManagerFailed,
		"The owner of this machine has locked "+said[1]+" as it is: zypper's lock "+strings.Join(patterns, ", ")+".",
		"Release it: sudo zypper removelock $(LC_ALL=C zypper locks | grep -F"+search+" | cut -d'|' -f1)"+fault.ThenAgain)
}
