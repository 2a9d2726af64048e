package main

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// room is the one place of something.
type room struct {
	what string
	in   []string       // packages, by folder
	text *regexp.Regexp // in a string; nil: none
	call string         // PACKAGE.Function
}

func (r room) holds(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BasicLit:
		return n.Kind == token.STRING && r.text != nil && r.text.MatchString(n.Value)
	case *ast.SelectorExpr:
		x, ok := n.X.(*ast.Ident)
		return ok && r.call == x.Name+"."+n.Sel.Name
	}
	return false
}

// Some things are done in one package only, and all other code calls it, so that there is
// one place for what is learned about them.
func TestOneRoomEach(t *testing.T) {
	for _, room := range []room{
		{what: "a command of the Azure CLI", in: []string{"internal/az"}, text: regexp.MustCompile(`\baz (vm|vmss|connectedmachine|role|network|rest|aks|policy) [a-z]+|\baz ssh (vm|arc) -`)},
		{what: "a file that is replaced", in: []string{"internal/atomicfile", "internal/logging"}, call: "os.Rename"},
		{what: "a temporary file", in: []string{"internal/atomicfile"}, call: "os.CreateTemp"},
		{what: "how far the agent got with a handler", in: []string{"internal/agent"}, text: regexp.MustCompile(`^.HandlerState.$`)},
		{what: "how a proxy's variables are called", in: []string{"internal/proxy"}, text: regexp.MustCompile(`(?i)^.https?_proxy(=.*)?.$`)},
	} {
		found := false
		eachProductFile(t, func(path string, set *token.FileSet, file *ast.File) {
			ast.Inspect(file, func(n ast.Node) bool {
				if !room.holds(n) {
					return true
				}
				if found = true; !slices.Contains(room.in, filepath.ToSlash(filepath.Dir(path))) {
					t.Errorf("%s: %s belongs to %s", set.Position(n.Pos()), room.what, room.in[0])
				}
				return true
			})
		})
		if !found && room.text == nil {
			t.Errorf("%s is nowhere: the rule is stale", room.what)
		}
	}
}
