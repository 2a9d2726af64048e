package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aadssh/internal/fault"
)

// pages are the documents for people: the README and all of docs.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal("no documents: ", err)
	}
	all := map[string]string{}
	for _, f := range append(files, "../../README.md", "../../SECURITY.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Clean(f)] = string(text)
	}
	return all
}

// Every command of this program in a document exists, with its options.
func TestCommandsInDocuments(t *testing.T) {
	shown := regexp.MustCompile(`(?m)(?:aadsshlogin-handler(?:-amd64|-arm64)?|^\s+sudo \$h|\$h) ((?:[a-z][a-z-]+)(?: (?:--?[a-z][a-z-]*(?:[= ](?:'[^']*'|[A-Za-z0-9@./:,_-]+))?|[A-Za-z0-9./_-]+))*)`)
	found := 0
	for name, text := range pages(t) {
		for _, m := range shown.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(strings.TrimRight(m[1], ".,;:"))
			root := (Process{Getenv: func(string) string { return "" }}).root(new(fault.Code))
			onlyKnownShells(root)
			root.InitDefaultHelpCmd()
			c, rest, err := root.Find(words[:1])
			if err != nil || c == root || len(rest) > 0 {
				continue // a sentence about the program, not a command
			}
			found++
			for _, w := range words[1:] {
				option, _, _ := strings.Cut(w, "=")
				switch {
				case strings.HasPrefix(option, "--") && option != "--help" && c.Flags().Lookup(option[2:]) == nil:
					t.Errorf("%s: %q: %s has no option %s", name, m[0], c.Name(), option)
				case len(option) == 2 && option[0] == '-' && option != "-o" && c.Flags().ShorthandLookup(option[1:]) == nil:
					t.Errorf("%s: %q: %s has no option %s", name, m[0], c.Name(), option)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("%d commands were found", found)
	}
}

// Every page is linked from the README, or from a page that is; every link leads
// to a file.
func TestPagesAreLinked(t *testing.T) {
	all := pages(t)
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)
	seen := map[string]bool{}
	var visit func(string)
	visit = func(page string) {
		if seen[page] {
			return
		}
		seen[page] = true
		for _, m := range link.FindAllStringSubmatch(all[page], -1) {
			to := filepath.Join(filepath.Dir(page), m[1])
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			}
			if _, page := all[to]; page {
				visit(to)
			}
		}
	}
	visit(filepath.Clean("../../README.md"))
	for page := range all {
		if !seen[page] {
			t.Errorf("nobody links to %s", page)
		}
	}
}
