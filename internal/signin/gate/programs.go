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
