package pkgmgr

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// zyppLocks is the file with the locks that a person set in zypper (zypper(8), Package
// Locks Management): "name: value" lines, with an empty line between two locks.
const zyppLocks = "/etc/zypp/locks"

// zyppLock is one lock. zypper removes a lock by its name only if repository and types are
// given as they were set, and cannot remove one with a regular expression by name at all:
// its number in "zypper locks" always works.
type zyppLock struct {
	names  []string // patterns of names
	match  string   // glob, regex, exact; otherwise a part of the name, which libzypp calls "substring"
	folded bool     // case is ignored, which is the default
	types  []string
}

func parseZyppLocks(content string) []zyppLock {
	var all []zyppLock
	for _, part := range regexp.MustCompile(`\n\s*\n`).Split(strings.ReplaceAll(content, "\r\n", "\n"), -1) {
		lock := zyppLock{folded: true}
		for _, line := range text.SplitLines(part) {
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

// zypperLocked says which lock keeps a package as it is, and how to remove that lock; nil
// if the file of the locks does not show it.
func zypperLocked(_ context.Context, h *host.Host, _ Source, said []string) *fault.Fault {
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
