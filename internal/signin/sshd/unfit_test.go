package sshd

import (
	"os"
	"strings"
	"testing"

	"aadssh/internal/host/hosttest"
)

// TestOptionsWithWhichNoDaemonStays: each option was given to sshd itself on the machines
// daemon-* of the sign-in matrix.
func TestOptionsWithWhichNoDaemonStays(t *testing.T) {
	m := hosttest.New(t)
	h := m.Host()
	if err := os.MkdirAll(h.Path("/var/log/folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for options, why := range map[string]string{
		"-D -e":                       "",
		"-De -u0 -o MaxSessions=5":    "",
		"-E /var/log/sshd.log":        "",
		"-oPort=2222 -4":              "",
		"-E /var/log/gone/sshd.log":   "there is no folder /var/log/gone",
		"-E/var/log/gone/sshd.log":    "there is no folder /var/log/gone",
		"-E /var/log/folder":          "is a folder",
		"-D -z":                       "is not known to it",
		"-t":                          "does not let it stay",
		"-Dd":                         "does not let it stay",
		"-p":                          "has no value",
		"-D stray":                    "is no option",
		"-h /etc/ssh/key -E /gone/es": "there is no folder /gone",
	} {
		u := unfit(h, words(options))
		if (why == "") != (u.Option == "") || !strings.Contains(u.Why, why) {
			t.Errorf("%s: %+v, not %q", options, u, why)
		}
	}
}
