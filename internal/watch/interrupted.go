package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"aadsshlogin-handler/internal/host"
)

// Interrupted says who stopped a look or a repair on the way: systemd does it for
// an operation that takes the watch away, which waits until we have ended, or when
// the machine goes down.
func Interrupted(h *host.Host, what string) string {
	for _, path := range h.Glob("/proc/[0-9]*/cmdline") {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		b, readErr := h.ReadFile(path, 1<<16)
		if err != nil || readErr != nil || pid == os.Getpid() || h.ProcessUser(pid) > 0 {
			continue
		}
		if operation := operationOf(strings.Split(string(b), "\x00")); operation != "" {
			return fmt.Sprintf("The %s was interrupted by %s (process %d), %s.", what, operation, pid, meaning(operation))
		}
	}
	return fmt.Sprintf("The %s was stopped from outside before it was done, as at a shutdown; the next look begins anew.", what)
}

// operationOf is the operation of a command line of this handler; "": it is none.
func operationOf(words []string) string {
	if len(words) < 2 || !strings.HasPrefix(filepath.Base(words[0]), "aadsshlogin-handler") {
		return ""
	}
	if slices.Contains([]string{"install", "enable", "update", "disable", "uninstall", "setup", "remove"}, words[1]) {
		return words[1]
	}
	return ""
}

// meaning is what an operation that ends the watch is a part of.
func meaning(operation string) string {
	switch operation {
	case "disable":
		return "with which the agent begins an upgrade or an uninstall of the extension"
	case "update", "install":
		return "a step of an upgrade of the extension"
	case "uninstall", "remove":
		return "which takes away what was installed"
	}
	return "which does the same and more"
}
