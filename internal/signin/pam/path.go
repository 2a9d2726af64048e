package pam

import (
	"io/fs"
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// Path is the line that gives people a PATH without the usual programs: the last PATH that
// pam_env sets, from its own file and then from /etc/environment
// (modules/pam_env/pam_env.c). sshd sets credentials, with the auth stack, before it opens
// the session. No File: there is no such line. With Text it is not a line, but a file that pam_env waits at.
func (s *Service) Path() (at Problem) {
	value, files := "", []string{pamEnv, environmentFile}
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
		number, f := 0, s.m.File(file)
		if f.Mode&fs.ModeNamedPipe != 0 {
			return Problem{File: file, Text: "pam_env" + gate.Waiting(file)}
		}
		for line := range strings.Lines(string(f.Text)) {
			number++
			if v := pathOf(strings.TrimSpace(line), i == 0); v != "" {
				value, at = strings.ReplaceAll(v, "${PATH}", value), Problem{}
				if !gate.Programs(value) {
					at.File, at.Line = file, number
				}
			}
		}
	}
	return at
}

// The files that pam_env reads by default: its own, and the one that other programs read
// too.
const (
	pamEnv          = "/etc/security/pam_env.conf"
	environmentFile = "/etc/environment"
)

// pathOf is the PATH in one line: "PATH DEFAULT=... OVERRIDE=..." of pam_env.conf(5), or
// "export PATH=..." of the shared file, in which "$" is not expanded.
func pathOf(line string, own bool) (value string) {
	if !own {
		value, is := strings.CutPrefix(strings.TrimPrefix(line, "export "), "PATH=")
		if !is {
			return ""
		}
		return strings.Trim(value, `"'`)
	}
	words := strings.Fields(line)
	for i, word := range words {
		if key, v, _ := strings.Cut(word, "="); words[0] == "PATH" && i > 0 && (key == "DEFAULT" || key == "OVERRIDE") {
			value = strings.Trim(v, `"`)
		}
	}
	return value
}
