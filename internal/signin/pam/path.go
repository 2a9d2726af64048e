package pam

import (
	"io/fs"
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// Path is the line that gives people a variable that keeps their commands from running, such as
// a PATH without the usual programs: the last one of a name that pam_env sets, from its own
// file and then from /etc/environment (modules/pam_env/pam_env.c). sshd sets credentials, with
// the auth stack, before it opens the session. No File: there is no such line. Without Line it
// is a file that pam_env waits at.
func (s *Service) Path() (at Setting) {
	path, files := "", []string{pamEnv, environmentFile}
	var found []Setting // of each variable at most one
	asked := false
	for _, r := range append(s.Rules(Auth), s.Rules(Session)...) {
		asked = asked || r.Is("pam_env.so") && !slices.Contains(r.Args, "readenv=0")
		for _, arg := range r.Args {
			if file, is := strings.CutPrefix(arg, "envfile="); is && r.Is("pam_env.so") {
				files = append(files, file)
			}
		}
	}
	if !asked {
		return at
	}
	for i, file := range files {
		f := s.m.File(file)
		if f.Mode&fs.ModeNamedPipe != 0 {
			return Setting{File: file, Text: "pam_env" + gate.Waiting(file)}
		}
		for number, line := range strings.Split(string(f.Text), "\n") {
			name, value := variable(strings.TrimSpace(line), i == 0)
			if name == "PATH" && value != "" {
				path = strings.ReplaceAll(value, "${PATH}", path)
				value = path
			}
			if value == "" {
				continue
			}
			found = slices.DeleteFunc(found, func(before Setting) bool { return before.Name == name }) // it is set anew
			if why := gate.Prevents(name, value); why != "" {
				found = append(found, Setting{File: file, Line: number + 1, Name: name, Text: why})
			}
		}
	}
	if len(found) > 0 {
		at = found[len(found)-1]
	}
	return at
}

// Setting is a line that sets a variable.
type Setting struct {
	_ [0]func() // never compared: no code for == is linked

	File string
	Line int
	Name string
	Text string // what is so, without a full stop
}

// The files that pam_env reads by default: its own, and the one that other programs read
// too.
const (
	pamEnv          = "/etc/security/pam_env.conf"
	environmentFile = "/etc/environment"
)

// variable is what one line sets: "NAME DEFAULT=... OVERRIDE=..." of pam_env.conf(5), or
// "export NAME=..." of the shared file, in which "$" is not expanded.
func variable(line string, own bool) (name, value string) {
	if !own {
		name, value, _ = strings.Cut(strings.TrimPrefix(line, "export "), "=")
		return name, strings.Trim(value, `"'`)
	}
	for i, word := range strings.Fields(line) {
		key, v, _ := strings.Cut(word, "=")
		switch {
		case i == 0:
			name = word
		case key == "DEFAULT" || key == "OVERRIDE":
			value = strings.Trim(v, `"`)
		}
	}
	return name, value
}
