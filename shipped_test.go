package main_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/keys"
)

// largest is the size that a released binary may have, in bytes: it is
// downloaded to each machine and stays in memory-poor ones' page cache.
const largest = 10 << 20

// TestShipped builds what is released, by the Makefile's own words, and looks
// into it: it must not trust the key of the tests, and must stay small.
func TestShipped(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program for each architecture")
	}
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			b := build(t, arch)
			if found := fingerprints(b); len(found) > 0 {
				t.Errorf("the released program holds the fingerprint of the tests' key, as %s", strings.Join(found, " and "))
			}
			if len(b) > largest {
				t.Errorf("the program has %d bytes, more than %d", len(b), largest)
			}
		})
	}
}

// TestShippedCanFail: a build for the tests does hold the key, so that looking
// for it means something.
func TestShippedCanFail(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	out := filepath.Join(t.TempDir(), "handler")
	run(t, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "rig,netgo,osusergo", "-ldflags", "-s -w", "-o", out, ".")
	if len(fingerprints(read(t, out))) == 0 {
		t.Error("the fingerprint of the tests' key is not found in a program that has it")
	}
}

// build is the program as make builds it, in a folder of its own.
func build(t *testing.T, arch string) []byte {
	t.Helper()
	// The recipe is the Makefile's, with another place for the result.
	recipe := run(t, "make", "--no-print-directory", "-n", "build/aadsshlogin-handler-"+arch)
	line := ""
	for l := range strings.Lines(recipe) {
		if strings.Contains(l, " build -trimpath ") {
			line = strings.TrimSpace(l)
		}
	}
	name := "-o build/aadsshlogin-handler-" + arch
	if strings.Count(line, name) != 1 || strings.Contains(line, "rig") {
		t.Fatalf("the Makefile builds the release with %q", line)
	}
	out := filepath.Join(t.TempDir(), "handler")
	run(t, "sh", "-c", strings.Replace(line, name, "-o "+out, 1))
	return read(t, out)
}

// fingerprints are the forms in which the tests' key is in a program.
func fingerprints(program []byte) []string {
	text := keys.Rig().Fingerprint
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // of the tests' own constant
	}
	var found []string
	for name, form := range map[string][]byte{
		"capital digits": []byte(text), "small digits": []byte(strings.ToLower(text)), "bytes": raw,
		"armor": bytes.TrimSpace(armored()),
	} {
		if bytes.Contains(program, form) {
			found = append(found, name)
		}
	}
	return found
}

// armored is one line of the tests' armored public key.
func armored() []byte { return bytes.Split(keys.Rig().Public, []byte("\n"))[3] }

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
