//go:build rig

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestSameZip: two builds, of copies in different folders with different dates, are the
// same, and small, because each machine downloads it. test/suite/release compares all files of
// a release.
func TestSameZip(t *testing.T) {
	one := makeZip(t, filepath.Join(t.TempDir(), "one"), time.Hour)
	other := makeZip(t, filepath.Join(t.TempDir(), "somewhere", "else"), 1000*time.Hour)
	if !bytes.Equal(one, other) {
		t.Error("the two zips differ")
	}
	const limit = 8 << 20 // bytes
	if len(one) > limit {
		t.Errorf("the zip has %d bytes, more than %d", len(one), limit)
	}
}

// makeZip is the result of make zip in a fresh copy of the module.
func makeZip(t *testing.T, dir string, age time.Duration) []byte {
	t.Helper()
	build(t, dir, age, "zip")
	found, err := filepath.Glob(filepath.Join(dir, "build", "*.zip"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%q, %v", found, err)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestZipCanFail: a program that is built for the tests does contain the key, so TestZip
// would find it.
func TestZipCanFail(t *testing.T) {
	out := filepath.Join(t.TempDir(), "handler")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "rig,netgo,osusergo", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Dir = "../.."
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(fingerprints(content)) == 0 {
		t.Error("the fingerprint of the tests' key is not found in a program that has it")
	}
}
