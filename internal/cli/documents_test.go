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

// A test, a target of the Makefile, a file or a heading that a page names is there.
func TestNamesInDocuments(t *testing.T) {
	const top = "../.."
	makefile, err := os.ReadFile(top + "/Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tests := declared(t, top)
	test, target := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`"), regexp.MustCompile("`make ([a-z0-9 -]+)`")
	file := regexp.MustCompile("`((?:docs|misc|test|internal|handler|distro|pkgmgr|status)/[A-Za-z0-9_./*-]+)`")
	link := regexp.MustCompile(`\]\(([^):\s]*)#([^)]+)\)`)
	all, found := pages(t), 0
	for page, text := range all {
		for _, m := range test.FindAllStringSubmatch(text, -1) {
			if found++; !tests[m[1]] {
				t.Errorf("%s names the test %s, which does not exist", page, m[1])
			}
		}
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			for _, name := range strings.Fields(m[1]) {
				if found++; !strings.Contains(string(makefile), "\n"+name+":") {
					t.Errorf("%s names make %s, which the Makefile does not have", page, name)
				}
			}
		}
		for _, m := range file.FindAllStringSubmatch(text, -1) {
			found++
			if there, _ := filepath.Glob(filepath.Join(top, m[1])); len(there) == 0 && !example(m[1]) {
				t.Errorf("%s names the file %s, which does not exist", page, m[1])
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to := page
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(page), m[1])
			}
			if found++; !anchors(all[to])[m[2]] {
				t.Errorf("%s: the link to %s#%s leads to no heading", page, m[1], m[2])
			}
		}
	}
	if found < 200 {
		t.Errorf("%d names were found", found)
	}
}

// declared are the tests of the project.
func declared(t *testing.T, top string) map[string]bool {
	t.Helper()
	tests, line := map[string]bool{}, regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range line.FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

// example reports whether contributing.md has the reader create the file, or a run creates
// it on a machine.
func example(file string) bool {
	return strings.Contains(file, "MANAGER") || strings.HasSuffix(file, "/amazon-2023") || file == "status/0.status" || file == "internal/facts.Facts"
}

// anchors are the fragments of a page's headings, as GitHub makes them.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		words := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all[strings.ReplaceAll(words, " ", "-")] = true
	}
	return all
}
