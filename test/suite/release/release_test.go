//go:build rig

package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/source"
)

// TestSameBytes builds a release twice, in two folders, from files with dates two days
// apart: the bytes are the same, and the checksums match.
func TestSameBytes(t *testing.T) {
	top := source.Path(t, "")
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	list.Dir = top
	names, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := [2]string{filepath.Join(t.TempDir(), "x"), filepath.Join(t.TempDir(), strings.Repeat("x", 41))} // paths of two lengths
	for name := range strings.SplitSeq(strings.Trim(string(names), "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join(top, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Fatal(err)
		}
		for i, dir := range dirs { // both before either is built, in case the tree is edited meanwhile
			to, when := filepath.Join(dir, name), time.Now().Add(-48*time.Hour*time.Duration(i))
			for _, err := range []error{os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, content, info.Mode().Perm()), os.Chtimes(to, when, when)} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var sums [2]string
	for i, dir := range dirs {
		run := exec.CommandContext(t.Context(), "sh", "-c", "make -s release && cd build/release && sha256sum --quiet -c SHA256SUMS && cat SHA256SUMS")
		run.Dir = dir
		out, err := run.Output()
		if err != nil {
			t.Fatalf("make release: %v\n%s", err, out)
		}
		sums[i] = string(out)
	}
	if sums[0] != sums[1] {
		t.Errorf("on one day it is\n%s\non another\n%s", sums[0], sums[1])
	}
	for _, kind := range []string{"handler-amd64", "handler-arm64", ".zip", "_amd64.deb", "_arm64.deb", ".x86_64.rpm", ".aarch64.rpm", ".vm-application.tar.gz", "sbom", "LICENSES.txt"} {
		if !strings.Contains(sums[0], kind) {
			t.Errorf("the release has no %s:\n%s", kind, sums[0])
		}
	}
}
