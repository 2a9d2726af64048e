//go:build rig

package host

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEnsureLabel(t *testing.T) {
	h := testHost(t)
	for _, name := range []string{"/dir/file", "/plain"} {
		if err := os.MkdirAll(h.Path("/dir"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path(name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.EnsureLabel("/plain", "/"); err != nil {
		t.Errorf("without labels: %v", err)
	}
	const want = "system_u:object_r:bin_t:s0\x00"
	err := unix.Setxattr(h.Path("/dir"), label, []byte(want), 0)
	if err != nil {
		t.Fatalf("labels need root and a file system that has them: %v", err)
	}
	if err := unix.Setxattr(h.Path("/dir/file"), label, []byte("system_u:object_r:waagent_t:s0\x00"), 0); err != nil {
		t.Fatal(err)
	}
	if err := h.EnsureLabel("/dir/file", "/dir"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 256)
	n, err := unix.Getxattr(h.Path("/dir/file"), label, got)
	if err != nil || strings.TrimRight(string(got[:n]), "\x00") != strings.TrimRight(want, "\x00") {
		t.Errorf("the label is %q, %v", got[:max(n, 0)], err)
	}
}

// TestLabelsOfWrittenFiles: a new file has its folder's label, a replaced one
// keeps its own.
func TestLabelsOfWrittenFiles(t *testing.T) {
	h := testHost(t)
	if err := os.Mkdir(h.Path("/dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	const folder, own = "system_u:object_r:etc_t:s0\x00", "system_u:object_r:usr_t:s0\x00"
	err := unix.Setxattr(h.Path("/dir"), label, []byte(folder), 0)
	if err != nil {
		t.Fatalf("labels need root and a file system that has them: %v", err)
	}
	for _, want := range []string{folder, own} {
		if _, err := h.EnsureFile("/dir/file", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 256)
		n, err := unix.Getxattr(h.Path("/dir/file"), label, got)
		if err != nil || string(got[:n]) != want {
			t.Errorf("the label is %q, %v, not %q", got[:max(n, 0)], err, want)
		}
		if err := unix.Setxattr(h.Path("/dir/file"), label, []byte(own), 0); err != nil {
			t.Fatal(err)
		}
	}
}
