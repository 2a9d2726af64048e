package standalone

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aadssh/internal/az"
	"aadssh/internal/fault"
	"aadssh/internal/names"
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

// TestNoTextIsForgotten reads every text of the program: texts for the person who sets an
// extension are constants of internal/fault, and each of those has a version for the person
// who runs setup.
func TestNoTextIsForgotten(t *testing.T) {
	bad := []string{"xtension again", "this one again", "restart the VM agent", "pdate the extension", "extension adds its own", "extension is set"}
	// This is said of an extension that the agent has, and never on a machine of setup
	// (setItUp of internal/doctor).
	const ofTheAgent = "Have the agent fetch the extension again: "
	says := func(text string) string {
		if text == ofTheAgent {
			return ""
		}
		i := slices.IndexFunc(bad, func(b string) bool { return strings.Contains(text, b) })
		if i < 0 {
			return ""
		}
		return bad[i]
	}
	constants := map[string]int{} // how often each is used
	for _, file := range parsed(t, "../fault/again.go") {
		for _, name := range file.Scope.Objects {
			constants[name.Name] = 0
		}
	}
	for path, file := range parsed(t, "../../handler/*.go", "../../pkgmgr/*.go", "../*/*.go", "../*/*/*.go") {
		own := strings.Contains(path, "standalone/")
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if _, is := constants[n.Name]; is && !own {
					constants[n.Name]++
				}
			case *ast.BasicLit:
				text, _ := strconv.Unquote(n.Value)
				if b := says(text); b != "" && !strings.HasSuffix(path, "fault/again.go") && !own {
					t.Errorf("%s: %q says %q, for which internal/fault has a constant", path, text, b)
				}
			}
			return true
		})
	}
	used := 0
	for name, times := range constants {
		if used += times; times == 0 {
			t.Errorf("nothing uses fault.%s", name)
		}
	}
	if used < 60 {
		t.Errorf("only %d uses were found: this looks in the wrong place", used)
	}
	texts := []string{fault.Again, fault.AgainFirst, fault.ThenAgain, fault.AndAgain, fault.ThisAgain, fault.Newest, fault.NewestFirst,
		fault.UpdateWhereSet, fault.WhereSet + "name", fault.AddsItsOwn, fault.OrRestart, fault.OrRestartAgent, fault.AnUninstall}
	for _, e := range fault.Catalogue() {
		texts = append(texts, e.Next)
	}
	for _, text := range texts {
		got := Speaker{Program: program, Operation: "setup"}.Words(text)
		if b := says(got); b != "" {
			t.Errorf("%q still says %q", got, b)
		}
	}
}

// parsed are the files of the product that match.
func parsed(t *testing.T, patterns ...string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			if files[path], err = parser.ParseFile(token.NewFileSet(), path, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}
