package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDependenciesAreListed: each direct module of go.mod is in docs/dependencies.md, with
// the version that is used.
func TestDependenciesAreListed(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) (v\S+)$`).FindAllStringSubmatch(string(mod), -1) {
		found++
		listed := false
		for line := range strings.Lines(string(page)) {
			// Two modules of one origin may share a row: "...azure/auth, .../adal".
			listed = listed || strings.HasPrefix(line, "| ") && strings.Contains(line, m[2]) &&
				(strings.Contains(line, m[1]+" ") || strings.Contains(line, ".../"+m[1][strings.LastIndex(m[1], "/")+1:]+" ") || strings.Contains(line, m[1]+","))
		}
		if !listed {
			t.Errorf("docs/dependencies.md lacks %s %s", m[1], m[2])
		}
	}
	if found < 10 {
		t.Errorf("only %d direct modules were found in go.mod", found)
	}
}
