package handler

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"aadssh/internal/host"
)

// Interrupted says what stopped a check or a repair of the watch halfway: systemd does so
// for an operation that removes the watch and waits until it has ended, or when the machine
// shuts down.
func Interrupted(h *host.Host, what string) string {
	for _, path := range h.Glob("/proc/[0-9]*/cmdline") {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		b, readErr := h.ReadFile(path, 1<<16)
		if err != nil || readErr != nil || pid == os.Getpid() || h.ProcessUser(pid) > 0 {
			continue
		}
		words := strings.Split(string(b), "\x00")
		if len(words) < 2 || !strings.HasPrefix(filepath.Base(words[0]), "aadsshlogin-handler") {
			continue
		}
		if o, ours := findOperation(words[1]); ours {
			return fmt.Sprintf("The %s was interrupted by %s (process %d), %s.", what, o.name, pid, o.meaning)
		}
	}
	return "The " + what + " was stopped from outside before it was done, as at a shutdown; the next check run starts from the beginning."
}
