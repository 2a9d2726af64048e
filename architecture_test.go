package main

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Each package is in a table of docs/architecture.md, by itself or with its parent folder's
// package, and no row is about a package that does not exist.
func TestArchitectureNamesEachPackage(t *testing.T) {
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	named, quoted := map[string]bool{}, regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(string(page)) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "|"), "|"); ok && strings.HasPrefix(line, "| `") {
			for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
				named[m[1]] = false
			}
		}
	}
	for _, p := range packages(t, "-tags", "rig,vm", "./...") {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if _, ok := named[name]; ok {
			named[name] = true
			continue
		}
		if _, ok := named[path.Dir(name)]; !ok && name != "" && name != "misc" {
			t.Errorf("docs/architecture.md does not name %s", name)
		}
	}
	for name, there := range named {
		if !there {
			t.Errorf("docs/architecture.md names %s, which is no package", name)
		}
	}
}
