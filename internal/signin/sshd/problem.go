package sshd

import (
	"regexp"
	"strconv"
	"strings"
)

// Kind is why sshd refuses to start.
type Kind int

// The reasons that need different words.
const (
	Broken       Kind = iota // a configuration file has an error
	NoHostKeys               // no host key can be loaded
	NoSeparation             // the privilege separation directory is missing or unsafe
	NoUser                   // the privilege separation user does not exist
)

// Problem is what "sshd -t" complained about.
type Problem struct {
	Kind    Kind
	Message string // sshd's own words, one line, without the place
	File    string // where it stands; empty where sshd did not say
	Line    int
	Dir     string // the privilege separation directory, for NoSeparation
}

// The two ways in which sshd names a place (servconf.c of OpenSSH): "FILE:
// line N: Bad configuration option" and "FILE line N: unsupported option".
func placePattern() *regexp.Regexp {
	return regexp.MustCompile(`^(?:command-line(?: line 0|, line 0)|(.+?):? line (\d+)): (.*)$|^(.+?) line (\d+): (.*)$`)
}

// ParseProblem finds the reason in what a failing "sshd -t" printed. It takes
// any input; nil means that there is nothing in it.
func ParseProblem(output string) *Problem {
	var first, last string
	var placed *Problem
	for line := range strings.Lines(bounded(output)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if p := special(line); p != nil {
			return p
		}
		if strings.Contains(line, "Deprecated option") {
			continue // printed for healthy configurations too
		}
		if first == "" {
			first = line
		}
		last = line
		if placed == nil {
			placed = parsePlace(line)
		}
	}
	switch {
	case placed != nil && placed.Message == "Bad Match condition" && first != last:
		placed.Message += ": " + first // the line before says which
		return placed
	case placed != nil:
		return placed
	case first == "":
		return nil
	}
	return &Problem{Message: first}
}

// special knows the messages that are no error of a configuration file
// (sshd.c of OpenSSH).
func special(line string) *Problem {
	const missing, unsafe = "Missing privilege separation directory: ", " must be owned by root and not group or world-writable"
	switch {
	case strings.HasPrefix(line, missing):
		return &Problem{Kind: NoSeparation, Message: line, Dir: strings.TrimSpace(line[len(missing):])}
	case strings.Contains(line, unsafe) && strings.HasPrefix(line, "/"):
		dir, _, _ := strings.Cut(line, unsafe)
		return &Problem{Kind: NoSeparation, Message: line, Dir: dir}
	case strings.Contains(line, "no hostkeys available"):
		return &Problem{Kind: NoHostKeys, Message: line}
	case strings.HasPrefix(line, "Privilege separation user "):
		return &Problem{Kind: NoUser, Message: line}
	}
	return nil
}

func parsePlace(line string) *Problem {
	m := placePattern().FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	file, number, message := m[1], m[2], m[3]
	if m[4] != "" {
		file, number, message = m[4], m[5], m[6]
	}
	if file == "" || file == "command-line" {
		return &Problem{Message: line}
	}
	n, err := strconv.Atoi(number)
	if err != nil || message == "" {
		return nil
	}
	return &Problem{File: file, Line: n, Message: message}
}

// bounded keeps a screenful of a tool that went mad.
func bounded(s string) string {
	const limit = 16 << 10
	if len(s) > limit {
		return s[:limit]
	}
	return s
}
