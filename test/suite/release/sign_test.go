//go:build rig

// Package release tests what docs/publishing.md says about a release.
package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/test/lib/source"
)

// TestSign signs and verifies with a throw-away key, with the commands in the document, and
// checks that a changed file is rejected.
func TestSign(t *testing.T) {
	dir := t.TempDir()
	run := func(block string) error {
		t.Helper()
		// -W: a key without a password, because nobody could type one.
		script := strings.ReplaceAll(source.Block(t, "docs/publishing.md", block), "minisign -G ", "minisign -G -W ")
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		t.Logf("%s%s", script, out)
		return err
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("VERSION", "1.0.0.0\n")
	write("program", "bytes")
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", "cd "+dir+" && sha256sum program > SHA256SUMS").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	for _, block := range []string{"key", "sign", "verify"} {
		if err := run(block); err != nil {
			t.Fatalf("%s: %v", block, err)
		}
	}
	write("program", "other bytes")
	if run("verify") == nil {
		t.Error("a changed file is accepted")
	}
	write("program", "bytes")
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	write("SHA256SUMS", strings.Replace(string(sums), "program", "another", 1))
	if run("verify") == nil {
		t.Error("changed checksums are accepted")
	}
}
