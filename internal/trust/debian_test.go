//go:build rig

package trust

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestRealKeyFromDebian compares testdata/microsoft.asc with what Debian
// distributes, so that the comparison above is not one with ourselves.
func TestRealKeyFromDebian(t *testing.T) {
	const dir = "/usr/share/extrepo/offline-data"
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("%v: apt-get install extrepo-offline-data", err)
	}
	// Debian names the key after the repository that uses it.
	copies, err := filepath.Glob(filepath.Join(dir, "debian", "*", "dotnet.asc"))
	if err != nil || len(copies) == 0 {
		t.Fatalf("no dotnet.asc below %s (%v)", dir, err)
	}
	for _, file := range copies {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, vendorKey(t)) {
			t.Errorf("%s is not the key in testdata", file)
		}
	}
}
