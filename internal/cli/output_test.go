package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"aadssh/internal/fault"
)

// TestFullOutput: a caller that only reads the exit code must not mistake an answer that
// was never printed for a success.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"version"}, {"explain", "22"}, {"plan"}, {"plan", "--json"}, {"status"}, {"doctor", "--only", "distro"}, {"doctor", "--only", "distro", "--json"}, {"--help"}} {
		var stderr bytes.Buffer
		code := Execute(t.Context(), Process{Version: "1", Args: args, UID: 0, Getenv: func(string) string { return "" }, Out: full, Err: &stderr})
		if code == fault.OK || code == fault.Usage || code == fault.Disk && !strings.Contains(stderr.String(), "could not be printed") {
			t.Errorf("%q: code %d, %s", args, code, stderr.String())
		}
	}
}
