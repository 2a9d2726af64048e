package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"aadssh/internal/fault"
)

// A person who forgot sudo is told that, and not what failed because of it.
func TestOperationsNeedRoot(t *testing.T) {
	for _, name := range []string{"install", "enable", "update", "disable", "uninstall"} {
		var out, err bytes.Buffer
		code := Execute(context.Background(), Process{Version: "1.2.3.4", Args: []string{name}, UID: 1000, Getenv: func(string) string { return "" }, Out: &out, Err: &err})
		if code != fault.Usage || !strings.Contains(err.String(), "root") || out.Len() > 0 {
			t.Errorf("%s: code %d, stdout %q, stderr %q", name, code, out.String(), err.String())
		}
	}
}
