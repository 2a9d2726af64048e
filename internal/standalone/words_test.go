package standalone

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/az"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/names"
)

const program = "/usr/local/bin/aadsshlogin-handler"

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"Set the extension again in ten minutes.": "Run setup again (sudo " + program + " setup) in ten minutes.",
		"Correct it, and set the extension again: " + az.Machine{}.SetExtension(names.Ours(), az.SettingsFile, "--protected-settings", "protected.json").String(): "Correct it, and run setup again: sudo " + program + " setup --settings settings.json --protected-settings protected.json",
		"Set the extension again" + fault.OrRestart + ".":                                                                                             "Run setup again (sudo " + program + " setup).",
		"Where the extension is set (az, portal, policy), update it to its newest version, which brings the current keys.":                            "Run setup of the newest release, which brings the current keys.",
		"Run \"az vm identity assign -g rg -n web1\", then set the extension again or restart the VM agent; a new identity can take minutes to show.": "Run \"az vm identity assign -g rg -n web1\", then run setup again (sudo " + program + " setup); a new identity can take minutes to show.",
		"Delete it: az vm extension delete -n X; then set this extension again.":                                                                      "Delete it: az vm extension delete -n X; then run setup again (sudo " + program + " setup).",
	} {
		if got := (Speaker{Program: program, Operation: "setup"}).Words(text); got != want {
			t.Errorf("%s\nbecomes %s\nwant    %s", text, got, want)
		}
	}
	const first = "Let it finish; then run setup (sudo " + program + " setup)."
	if got := (Speaker{Program: program, Operation: "setup", First: true}).Words("Let it finish; then set the extension again."); got != first {
		t.Errorf("where it was never run: %s", got)
	}
	const busy, want = "Let it finish; then set the extension again.", "Let it finish; then run remove again (sudo " + program + " remove)."
	if got := (Speaker{Program: program, Operation: "remove"}).Words(busy); got != want {
		t.Errorf("for remove %s\nbecomes %s\nwant    %s", busy, got, want)
	}
}

// TestNoTextIsForgotten reads every text of the program, and the catalogue: none
// may tell somebody without an agent to set an extension.
func TestNoTextIsForgotten(t *testing.T) {
	var texts []string
	for _, top := range []string{"../../handler", "../../pkgmgr", ".."} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "standalone/") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						texts = append(texts, text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range fault.Catalogue() {
		texts = append(texts, e.Next)
	}
	seen := 0
	for _, text := range texts {
		if strings.Contains(text, "extension again") {
			seen++
		}
		for _, bad := range []string{"xtension again", "this one again", "restart the VM agent", "pdate the extension"} {
			if got := (Speaker{Program: program, Operation: "setup"}).Words(text); strings.Contains(got, bad) {
				t.Errorf("%q still says %q", got, bad)
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d texts were found: this looks in the wrong place", seen)
	}
}
