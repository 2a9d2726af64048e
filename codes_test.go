package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// If the program treats several exit codes alike, that is a trait in their catalogue: a new
// code says there whether it has it, and no other place has to be found. So no other code
// compares with two codes at once.
func TestSeveralCodesAreATrait(t *testing.T) {
	codes := map[string]bool{}
	source, err := parser.ParseFile(token.NewFileSet(), "internal/fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(source, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if of, ok := v.Type.(*ast.Ident); ok && of.Name == "Code" {
				codes[v.Names[0].Name] = true
			}
		}
		return true
	})
	if len(codes) < 18 {
		t.Fatalf("%d codes in internal/fault/fault.go", len(codes))
	}
	eachProductFile(t, func(path string, set *token.FileSet, file *ast.File) {
		if filepath.Dir(path) == filepath.Join("internal", "fault") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CaseClause:
				for _, e := range n.List {
					if codeIn(e, codes) {
						t.Errorf("%s: a switch on exit codes: make it a trait of the catalogue", set.Position(n.Pos()))
					}
				}
			case *ast.BinaryExpr:
				if compared(n, codes) > 1 {
					t.Errorf("%s: two exit codes are asked for: make them a trait of the catalogue", set.Position(n.Pos()))
					return false
				}
			}
			return true
		})
	})
}

// codeIn reports whether an expression is one of the codes, or a number converted to one.
func codeIn(e ast.Expr, codes map[string]bool) bool {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 {
		e = call.Args[0]
	}
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := selector.X.(*ast.Ident)
	return ok && x.Name == "fault" && codes[selector.Sel.Name]
}

// compared counts the codes other than success that a condition compares with.
func compared(e ast.Expr, codes map[string]bool) int {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return compared(e.X, codes)
	case *ast.BinaryExpr:
		if e.Op == token.LOR || e.Op == token.LAND {
			return compared(e.X, codes) + compared(e.Y, codes)
		}
		if selector, ok := e.Y.(*ast.SelectorExpr); ok && selector.Sel.Name == "OK" {
			return 0
		}
		if (e.Op == token.EQL || e.Op == token.NEQ) && codeIn(e.Y, codes) {
			return 1
		}
	}
	return 0
}
