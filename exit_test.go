package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Only main.go ends the process: anywhere else an exit would skip the status that must be
// written. log.Fatal and logrus's Fatal end it too.
func TestOnlyMainExits(t *testing.T) {
	eachProductFile(t, func(path string, set *token.FileSet, file *ast.File) {
		if path == "main.go" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				x, _ := s.X.(*ast.Ident)
				switch {
				case x != nil && x.Name == "os" && s.Sel.Name == "Exit",
					strings.HasPrefix(s.Sel.Name, "Fatal"),
					x != nil && x.Name == "syscall" && s.Sel.Name == "Exit":
					t.Errorf("%s: %s", set.Position(s.Pos()), s.Sel.Name)
				}
			}
			if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: init function", set.Position(f.Pos()))
			}
			return true
		})
	})
}

// eachProductFile shows each file of the product, parsed.
func eachProductFile(t *testing.T, look func(path string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	parsed, err := productFiles()
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed.files) < 20 {
		t.Errorf("only %d files were looked at", len(parsed.files))
	}
	for _, path := range slices.Sorted(maps.Keys(parsed.files)) {
		look(path, parsed.set, parsed.files[path])
	}
}

// source is parsed code; its files are by path.
type source struct {
	set   *token.FileSet
	files map[string]*ast.File
}

// productFiles parses the product, once for all tests.
var productFiles = sync.OnceValues(func() (source, error) {
	s := source{token.NewFileSet(), map[string]*ast.File{}}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == "test" || path == "misc" || path == filepath.Join("internal", "host", "hosttest") || path == "build" || strings.HasPrefix(path, ".") && path != ".") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			s.files[path], err = parser.ParseFile(s.set, path, nil, parser.ParseComments)
		}
		return err
	})
	return s, err
})
