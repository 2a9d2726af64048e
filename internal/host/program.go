package host

import (
	"os"

	"aadssh/internal/text"
)

// Program is the path of this program, for texts that tell people to run it: sudo uses a
// search path of its own, and before enable has passed there is no copy in /usr/local/bin.
// It can be pasted into a shell.
func Program() string {
	path, err := os.Executable()
	if err != nil {
		return "aadsshlogin-handler"
	}
	return text.Quote(path)
}
