package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSuitesThatAreLeftOut: docs/testing.md names the suites that make rig does not run.
func TestSuitesThatAreLeftOut(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	_, after, _ := strings.Cut(read("Makefile"), "\nRIG ")
	rig, _, _ := strings.Cut(after, "\n")
	_, after, _ = strings.Cut(read("docs/testing.md"), "leaves these suites out")
	sentence, _, _ := strings.Cut(after, ". `make rig-all`")
	var named, left []string
	for _, m := range regexp.MustCompile("`([a-z0-9]+)`").FindAllStringSubmatch(sentence, -1) {
		named = append(named, m[1])
	}
	suites, err := os.ReadDir("test/suite")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range suites {
		if !slices.Contains(strings.Fields(rig), "./test/suite/"+s.Name()) {
			left = append(left, s.Name())
		}
	}
	if len(left) == 0 || !slices.Equal(named, left) {
		t.Errorf("the page names %q, and the Makefile leaves out %q", named, left)
	}
}

// TestScriptInContributing: the script that docs/contributing.md shows is one that runs.
func TestScriptInContributing(t *testing.T) {
	page, err := os.ReadFile("docs/contributing.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("test/suite/enable/scripts/package-comes-later.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n```\n"+string(script)+"```\n") {
		t.Errorf("docs/contributing.md does not show\n%s", script)
	}
}
