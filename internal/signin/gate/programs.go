package gate

import (
	"slices"
	"strings"
)

// Programs reports whether a PATH contains one of the folders with the usual programs.
func Programs(path string) bool {
	return slices.ContainsFunc(strings.Split(path, ":"), func(folder string) bool { return folder == "/bin" || folder == "/usr/bin" })
}

// UsualPath is what a PATH without those folders lacks.
const UsualPath = "/usr/local/bin:/usr/bin:/bin"

// Prevents says how a variable keeps people's commands from running; "": it does not.
func Prevents(name, value string) string {
	switch {
	case name == "PATH" && !Programs(value):
		return "has neither /usr/bin nor /bin"
	case name == "SHELLOPTS" && slices.Contains(strings.Split(value, ":"), "noexec"): // bash(1), "-n"
		return "has bash only read them"
	case name == "LD_TRACE_LOADED_OBJECTS" && value != "": // ld.so(8)
		return "has each program name its libraries and end"
	}
	return ""
}
