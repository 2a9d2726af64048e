package proxy

import (
	"os"
	"path/filepath"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

func root(t *testing.T, files map[string]string) *host.Host {
	t.Helper()
	h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path(path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return h
}
