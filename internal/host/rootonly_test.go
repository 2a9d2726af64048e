//go:build rig

package host

import (
	"os"
	"path/filepath"
	"testing"
)

// A path is root's alone if nobody else can replace what is there.
func TestRootOnly(t *testing.T) {
	root := t.TempDir()
	h := &Host{Root: root}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"usr/bin", "usr/local/bin", "home/ada/bin"} {
		must(os.MkdirAll(filepath.Join(root, dir), 0o755))
		must(os.WriteFile(filepath.Join(root, dir, "x"), nil, 0o755))
	}
	must(os.Chmod(filepath.Join(root, "usr/local"), 0o2775)) // Debian's, of the group staff
	must(os.Chown(filepath.Join(root, "home/ada"), 1000, 1000))
	must(os.Symlink("usr/bin", filepath.Join(root, "bin")))
	must(os.Symlink("/home/ada/bin/x", filepath.Join(root, "usr/bin/linked")))
	must(os.Symlink("loop", filepath.Join(root, "usr/bin/loop")))
	must(os.Lchown(filepath.Join(root, "usr/bin/loop"), 1000, 1000))
	for path, want := range map[string]string{
		"/usr/bin/x":       "",
		"/bin/x":           "",
		"/usr/local/bin/x": "/usr/local",
		"/home/ada/bin/x":  "/home/ada",
		"/usr/bin/linked":  "/home/ada",
		"/usr/bin/loop":    "/usr/bin/loop",
		"/usr/bin/none":    "/usr/bin/none",
	} {
		if got := h.WritableByOthers(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
