package login

import (
	"fmt"
	"io/fs"

	"aadssh/internal/host"
	"aadssh/internal/signin/elf"
)

// findClosed finds the first thing that prevents people's programs from starting: a folder
// above their shell or the C library, or one of those themselves. Modes are evaluated as
// the kernel does for a user who is neither the owner nor in the group
// (path_resolution(7)).
func findClosed(h *host.Host) host.Closed {
	files := map[string]fs.FileMode{usualShell: 0o001} // what a file needs, in addition to the needs of each folder
	for _, d := range elf.LibraryDirs() {
		if h.Exists(d + "/libc.so.6") {
			files[d+"/libc.so.6"] = 0o004
			break
		}
	}
	for _, name := range []string{usualShell, "/bin/sh"} {
		if c := h.ClosedAt(name, files[usualShell], 8); c.Path != "" {
			return c
		}
	}
	for name, needs := range files {
		if c := h.ClosedAt(name, needs, 8); c.Path != "" {
			return c
		}
	}
	return host.Closed{}
}

func closedText(c host.Closed) string {
	if c.Dir {
		return fmt.Sprintf("The folder %s is closed to everybody but root (mode %04o), so no program of people starts.", c.Path, c.Mode)
	}
	return fmt.Sprintf("%s is closed to everybody but root (mode %04o), so people's shell does not start.", c.Path, c.Mode)
}

func closedRemedy(c host.Closed) string {
	if c.Dir {
		return "Run: sudo chmod o+x " + c.Path
	}
	return "Run: sudo chmod o+rx " + c.Path
}
