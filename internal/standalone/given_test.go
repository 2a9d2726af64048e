package standalone

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
)

// TestStandardInputNeedNotEnd: stopping setup, or the end of its time, also ends the
// reading.
func TestStandardInputNeedNotEnd(t *testing.T) {
	open, writer := io.Pipe() // nobody closes it
	defer writer.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := Files{Settings: "-"}.Read(ctx, open)
	if f := fault.Of(err); f == nil || f.Code != fault.SettingsInvalid || !strings.Contains(f.What, "it did not end") || f.Next == "" {
		t.Errorf("it says %v", err)
	}
}

// TestSecretsBelongToRoot: the command that is given takes any name of a file.
func TestSecretsBelongToRoot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it's a secret.json")
	if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Files{Protected: path}.Read(t.Context(), nil)
	if f := fault.Of(err); f == nil || !strings.Contains(f.Next, `chmod 600 "/`) || !strings.Contains(f.Next, `/it's a secret.json"`) {
		t.Errorf("it says %v", err)
	}
}
