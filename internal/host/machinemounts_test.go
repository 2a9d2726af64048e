package host

import (
	"os"
	"path/filepath"
	"testing"

	"aadssh/internal/logging"
)

// TestReadOnlyHereAlone: a process in its own mount namespace, such as the watch, asks the
// mounts of the machine's first process whether a folder is read-only.
func TestReadOnlyHereAlone(t *testing.T) {
	h := &Host{Root: t.TempDir(), Log: logging.Discard()}
	for process, text := range map[string]string{
		"self": "1 0 8:1 / / ro,relatime - ext4 /dev/sda1 rw\n",
		"1": "1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n" +
			"2 1 8:2 / /srv rw,relatime shared:2 - ext4 /dev/sdb1 ro,errors=remount-ro\n" +
			"3 1 8:3 / /usr ro,relatime shared:3 - ext4 /dev/sdc1 rw\n",
	} {
		file := filepath.Join(h.Root, "proc", process, "mountinfo")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{"/etc": true, "/srv/x": false, "/usr/sbin": false} {
		if got := h.ReadOnlyHereAlone(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
