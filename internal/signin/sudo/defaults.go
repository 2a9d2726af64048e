package sudo

import (
	"path"
	"strings"

	"aadssh/internal/signin/gate"
)

// setting is the last line that sets a setting.
type setting struct {
	_ [0]func() // never compared: no code for == is linked

	at    Place
	value string
	off   bool // "!NAME"
}

// setDefault records a setting for everybody, for the group, for the machine, or for the
// user that is run as.
func (r *reader) setDefault(p Place) {
	word, rest, _ := strings.Cut(strings.ReplaceAll(p.Text, "\t", " "), " ")
	switch scope := strings.TrimPrefix(word, "Defaults"); {
	case scope == "":
	case scope[0] == ':' && r.has("user", words(scope[1:]), r.us):
	case scope[0] == '>' && r.has("runas", words(scope[1:]), root):
	case scope[0] == '@' && r.has("host", words(scope[1:]), r.here):
	case scope == "!ALL": // every command
	default:
		return
	}
	for _, one := range words(rest) {
		name, off := strings.CutPrefix(one, "!")
		key, value, _ := strings.Cut(name, "=")
		r.settings[strings.TrimRight(key, " +")] = setting{at: p, value: strings.Trim(value, ` "`), off: off}
	}
}

// on returns an effective setting that is off by default.
func (r *reader) on(key string) (s setting, on bool) {
	s, set := r.settings[key]
	return s, set && !s.off
}

// settle evaluates the settings.
func (r *reader) settle() {
	if r.settings["authenticate"].off {
		r.out.Password = r.out.Password && r.tagged
	}
	if s, on := r.on("requiretty"); on {
		r.out.TTY = &s.at
	}
	if s, on := r.on("secure_path"); on && !gate.Programs(s.value) {
		r.out.Pathless = &s.at
	}
	if s, on := r.on("pam_service"); on {
		r.out.PAM = s.at
		r.out.PAM.Text = s.value
	}
	r.settleLogs()
	for _, key := range []string{"runcwd", "runchroot"} {
		if s, on := r.on(key); on && path.IsAbs(s.value) && r.m.File(s.value).Missing() {
			r.out.Refuses = &Place{File: s.at.File, Line: s.at.Line, Text: key + " " + s.value + " is not there"}
		}
	}
}
