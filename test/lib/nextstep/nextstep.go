// Package nextstep finds the command in a next step, as a person would copy it, for tests
// that do what the program under test says.
package nextstep

import (
	"regexp"
	"strings"
)

// command is what stands after a colon: a text may begin with "sudo may refuse its rules". It
// ends before the next sentence, before words in brackets, and before words after a
// semicolon; what follows a semicolon may also be a second command.
var command = regexp.MustCompile(`: ((?:sudo|printf|echo|sed|chown|mv|apt-get|dnf|yum|tdnf|zypper) .*?)(?:\. [A-Z].*| \([A-Za-z].*|; (?:then set|put it where|where|so that|check with|look) .*|\.?)$`)

// Command is the first command in a next step; "" if it has none.
func Command(text string) string {
	m := command.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// Options with which the package managers that ask a person at a terminal take the answer yes.
var (
	apt    = regexp.MustCompile(`(^|sudo )apt-get `)
	zypper = regexp.MustCompile(`(^|sudo )zypper `)
)

// Unattended is a script that runs a command and answers each question with yes.
func Unattended(command string) string {
	command = apt.ReplaceAllString(command, "${1}DEBIAN_FRONTEND=noninteractive apt-get --yes ")
	command = zypper.ReplaceAllString(command, "${1}zypper --non-interactive ")
	return "yes | sh -c '" + strings.ReplaceAll(command, "'", `'\''`) + "'"
}
