package login

import (
	"path"
	"strings"

	"aadssh/internal/host"
)

// findClosed finds the first thing that prevents people's programs from starting: a folder
// above their shell or the dynamic loader, or one of those themselves, or what keeps them from
// a library of usualShell's. Modes are evaluated as the kernel does for a user who is neither
// the owner nor in the group (path_resolution(7)). alone: another shell can be started.
func findClosed(h *host.Host, library host.Closed) (c host.Closed, alone bool) {
	for _, name := range []string{usualShell, "/bin/sh", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"} {
		if c := h.ClosedAt(name, 0o001, 8); c.Path != "" {
			return c, name == usualShell && !c.Dir
		}
	}
	return library, !library.Dir && !strings.HasPrefix(path.Base(library.Path), "libc.")
}

func closedRemedy(c host.Closed) string {
	if c.Dir {
		return "Run: sudo chmod o+x " + c.Path
	}
	return "Run: sudo chmod o+rx " + c.Path
}
