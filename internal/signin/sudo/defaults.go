package sudo

import (
	"slices"
	"strings"
)

// setDefault knows the settings that decide: authenticate and requiretty, for
// everybody, for the group, or for the user that is run as.
func (r *reader) setDefault(p Place) {
	word, rest, _ := strings.Cut(strings.ReplaceAll(p.Text, "\t", " "), " ")
	switch scope := strings.TrimPrefix(word, "Defaults"); {
	case scope == "":
	case scope[0] == ':' && r.has("user", words(scope[1:]), r.us):
	case scope[0] == '>' && r.has("runas", words(scope[1:]), root):
	case scope[0] == '@' && r.has("host", words(scope[1:]), r.here):
	default:
		return
	}
	for _, one := range words(rest) {
		if key, folders, is := strings.Cut(one, "="); is && strings.TrimRight(key, " +") == "secure_path" {
			if r.out.Pathless = nil; !slices.ContainsFunc(strings.Split(strings.Trim(folders, ` "`), ":"), hasPrograms) {
				r.out.Pathless = &p
			}
		}
		switch one {
		case "!authenticate":
			r.out.Password = r.out.Password && r.tagged
		case "requiretty":
			r.out.TTY = &p
		case "!requiretty":
			r.out.TTY = nil
		case "!secure_path":
			r.out.Pathless = nil
		}
	}
}

// hasPrograms says whether a folder is one of those that hold the usual programs.
func hasPrograms(folder string) bool { return folder == "/bin" || folder == "/usr/bin" }
