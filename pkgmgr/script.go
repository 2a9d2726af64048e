package pkgmgr

import (
	"regexp"
	"strings"
)

// scriptLines is how many of a script's own last lines are shown.
const scriptLines = 2

// scriptSaid is the last output of a script before the message about its failure, which
// begins at index at. dnf 5 repeats that output after the message.
func scriptSaid(output string, at int) string {
	if _, after, ok := strings.Cut(output[at:], "\n>>> Scriptlet output:\n"); ok {
		var lines []string
		for _, line := range strings.Split(after, "\n") {
			line, ok := strings.CutPrefix(line, ">>>")
			if line = strings.TrimSpace(line); !ok || line == "" {
				break
			}
			lines = append(lines, line)
		}
		return lastOf(lines)
	}
	// Other text may precede a message on its line.
	before := output[:at]
	before = before[:strings.LastIndexByte(before, '\n')+1]
	managers := regexp.MustCompile(`^(?:$|[ \t]|[-=]{3}|#|>>>|\(\s*\d+/\d+\)|(?:Installation|Removal) of [^\n]* failed:$|\[|(?:RPM: )?(?:warning|error): |(?:Installing|Updating|Removing|Upgrading|Downgrading|Reinstalling|Erasing|Cleanup|Preparing|Verifying|Running|Testing|Transaction|Unpacking|Importing|Additional rpm output)\b)`)
	lines := strings.Split(strings.TrimSuffix(before, "\n"), "\n")
	rpms := regexp.MustCompile(`^(?:RPM: )?(?:warning|error): %\w+\(`)
	for len(lines) > 0 && rpms.MatchString(lines[len(lines)-1]) { // the same message from rpm
		lines = lines[:len(lines)-1]
	}
	first := len(lines)
	for first > 0 && !managers.MatchString(lines[first-1]) {
		first--
	}
	return lastOf(lines[first:])
}

func lastOf(lines []string) string {
	return strings.Join(lines[max(0, len(lines)-scriptLines):], " / ")
}
