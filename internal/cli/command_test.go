package cli

import (
	"bytes"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/fault"
)

// What a person types wrongly is answered with what to type.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		args string
		code fault.Code
		says string
	}{
		{"explain", fault.Usage, "explain needs one code or name, for example: explain 22"},
		{"explain 22 23", fault.Usage, "explain needs one code or name"},
		{"explain 99", fault.Usage, "Codes: 0 ok, 1 internal"},
		{"explain 1009", fault.OK, "1009 is the agent's: enable failed."},
		{"explain 137", fault.OK, "killed"},
		{"explain 28", fault.OK, "Setting the extension without them drops them."},
		{"doctr", fault.Usage, "did you mean doctor?"},
		{"frobnicate", fault.Usage, "not a command"},
		{"--version", fault.OK, "1.2.3.4"},
		{"--help", fault.OK, "aadsshlogin-handler COMMAND\n"},
	} {
		var out bytes.Buffer
		code := Execute(t.Context(), Process{Version: "1.2.3.4", Args: strings.Fields(c.args), Getenv: func(string) string { return "" }, Out: &out, Err: &out})
		if code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: %d, %s", c.args, code, out.String())
		}
	}
}
