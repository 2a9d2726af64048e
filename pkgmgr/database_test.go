package pkgmgr

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/fault"
)

// To dpkg, an empty or missing database is a machine without packages; that must not lead
// to an installation.
func TestEmptiedDatabase(t *testing.T) {
	for what, write := range map[string]func(path string) error{
		"empty": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"gone":  func(string) error { return nil },
	} {
		b := newBench(t, distro.Apt)
		path := b.Host.Path(b.Manager.Database)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), write(path)); err != nil {
			t.Fatal(err)
		}
		b.packages("aadsshlogin")
		_, err := b.Query(t.Context(), "aadsshlogin")
		if f := fault.Of(err); err == nil || f.Code != fault.PackageManagerFailed || !strings.Contains(f.What, "is empty or gone") || !strings.Contains(f.Next, "/var/lib/dpkg/status-old") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
