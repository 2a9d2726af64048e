package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// Functions that are longer or branch more than this are split.
const (
	mostLines    = 60
	mostBranches = 20 // cyclomatic complexity
)

// TestFunctionsStayShort: no function of the product has more than 60 lines, apart from
// those of its tables, or a cyclomatic complexity of more than 20.
func TestFunctionsStayShort(t *testing.T) {
	functions := 0
	eachProductFile(t, func(_ string, set *token.FileSet, file *ast.File) {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			functions++
			if is := sizeOf(set, f); is.over() {
				t.Errorf("%s: %s has %v: split it", set.Position(f.Pos()), f.Name.Name, is)
			}
		}
	})
	if functions < 1000 {
		t.Errorf("only %d functions were found", functions)
	}
}

// TestSizeOf: what is counted, so that the test above can fail.
func TestSizeOf(t *testing.T) {
	for body, want := range map[string]size{
		"":                                  {2, 1},
		"\n\n":                              {4, 1},
		"if a && b || c {}":                 {2, 4},
		"for range a { for {} }":            {2, 3},
		"switch {\ncase a, b:\ndefault:\n}": {5, 2},
		"select {\ncase <-a:\ndefault:\n}":  {5, 2},
		"func() { if a {} }()":              {2, 2},
		"_ = []t{\n{1},\n{[]u{\n2}}}\n\n_ = map[a]b{\n}": {4, 1},
		"_ = t{\n1,\n}": {4, 1},
	} {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, "a.go", "package a\nfunc f() {"+body+"\n}\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := sizeOf(set, file.Decls[0].(*ast.FuncDecl)); got != want {
			t.Errorf("%q: %v, want %v", body, got, want)
		}
	}
}

// size is what is counted of a function.
type size struct{ lines, complexity int }

func (s size) over() bool { return s.lines > mostLines || s.complexity > mostBranches }

func (s size) String() string {
	return fmt.Sprintf("%d lines without tables and complexity %d", s.lines, s.complexity)
}

// sizeOf counts a function's lines, without those of a literal list or map, which is a
// table, and its cyclomatic complexity, including the functions inside it: one, and one for
// each condition, loop, case and operator that may skip what follows.
func sizeOf(set *token.FileSet, f *ast.FuncDecl) size {
	between := func(from, to token.Pos) int { return set.Position(to).Line - set.Position(from).Line }
	s := size{lines: between(f.Pos(), f.End()) + 1, complexity: 1}
	tableEnd := token.NoPos
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			s.complexity++
		case *ast.CaseClause:
			if n.List != nil {
				s.complexity++
			}
		case *ast.CommClause:
			if n.Comm != nil {
				s.complexity++
			}
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				s.complexity++
			}
		case *ast.CompositeLit:
			if isTable(n) && n.Pos() > tableEnd {
				s.lines -= between(n.Pos(), n.End())
				tableEnd = n.End()
			}
		}
		return true
	})
	return s
}

func isTable(l *ast.CompositeLit) bool {
	switch l.Type.(type) {
	case *ast.ArrayType, *ast.MapType:
		return true
	}
	return false
}
