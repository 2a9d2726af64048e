package pam

import (
	"slices"
	"strings"

	"aadssh/internal/signin/gate"
)

// Path is the line by which the programs of people who sign in are looked for where
// the usual ones are not: the last PATH that pam_env gives them, from its own file and
// then from /etc/environment (modules/pam_env/pam_env.c). sshd asks for credentials, so
// the auth stack, before it opens the session. Files that a line of PAM names are taken
// for those of a language. No File: there is no such line.
func (s *Service) Path() (at Problem) {
	value, files := "", []string{"/etc/security/pam_env.conf", "/etc/environment"}
	asked := false
	for _, r := range append(s.Rules(Auth), s.Rules(Session)...) {
		asked = asked || r.Is("pam_env.so") && !slices.Contains(r.Args, "readenv=0")
	}
	if !asked {
		return at
	}
	for i, file := range files {
		number := 0
		for line := range strings.Lines(string(s.m.File(file).Text)) {
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

// pathOf is the PATH of one line: "PATH DEFAULT=... OVERRIDE=..." of pam_env.conf(5),
// or "export PATH=..." of the shared file, in which nothing is put in for a "$".
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
