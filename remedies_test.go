package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// remedy is a next step as it stands in the code; what is filled in later is "X".
type remedy struct{ place, text string }

// remedies are all next steps of the product: what is given to a field or a
// variable called next, and the last argument of a fault.
func remedies(t *testing.T) (all []remedy) {
	t.Helper()
	files := token.NewFileSet()
	for _, root := range []string{"internal", "handler", "pkgmgr", "distro"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				for _, e := range nextSteps(n) {
					if s := strings.TrimSpace(flat(e)); len(strings.Trim(s, "X .")) > 0 {
						all = append(all, remedy{files.Position(e.Pos()).String(), s})
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
	return all
}

// nextSteps are the expressions of a node that are next steps.
func nextSteps(n ast.Node) (all []ast.Expr) {
	called := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return strings.EqualFold(e.Name, "next")
		case *ast.SelectorExpr:
			return strings.EqualFold(e.Sel.Name, "next")
		}
		return false
	}
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if called(n.Key) {
			all = append(all, n.Value)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if called(left) && len(n.Lhs) == len(n.Rhs) && n.Tok != token.ADD_ASSIGN { // what is added is a part of one
				all = append(all, n.Rhs[i])
			}
		}
	case *ast.CallExpr:
		s, ok := n.Fun.(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		if p, ok := s.X.(*ast.Ident); ok && p.Name == "fault" && (s.Sel.Name == "New" || s.Sel.Name == "Wrap") {
			all = append(all, n.Args[len(n.Args)-1])
		}
	}
	return all
}

// verb is what a format fills in.
var verb = regexp.MustCompile(`%(\[\d+\])?[-+#0-9.*]*[a-zA-Z]`)

// flat is the text of an expression, with X for what is not known here.
func flat(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return flat(e.X) + flat(e.Y)
	case *ast.CallExpr:
		if s, ok := e.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Sprintf" {
			return strings.ReplaceAll(verb.ReplaceAllString(strings.ReplaceAll(flat(e.Args[0]), "%%", "\x00"), "X"), "\x00", "%")
		}
	}
	return "X"
}

// The commands that next steps are written in, those that root alone can give,
// and whoever may be asked to act.
var (
	aCommand = regexp.MustCompile(`(?:^|[\s("|:;])(?:sudo|az|curl|getent|openssl|ssh-keygen|timedatectl|chronyc|ip|nc|df|ls|lsattr|ss|findmnt|printf|echo|fuser|ps|tdnf|kubectl|azcmagent|journalctl|grep|who|date|ldd|passwd|sshd|explain|aadsshlogin-handler|apt-get|dnf|yum|zypper) `)
	asRoot   = regexp.MustCompile(`(?:^|: |; |&& |\| |\()(?:systemctl (?:start|stop|restart|reload|enable|unmask)|chmod|chown|mount|umount|(?:apt-get|dnf|yum|tdnf|zypper) (?:install|reinstall|remove|purge|update|clean)|rm|mv|sed -i|semodule|visudo|dpkg -(?:-purge|-configure|r|P)|rpm -(?:e|-import)|install -[md]|tee|update-crypto-policies --set|pam-auth-update) `)
	tells    = regexp.MustCompile(`^(?:Ask|Call|Change|Compare|Correct|Decide|Delete|Do|Find|Give|Have|Install|Let|Look|Mend|Name|Print|Put|Reinstall|Rename|Restore|Run|Say|See|Set|Update|Use|Wait|Write|Nothing is to be done|(?:Where|If) [^,]+, [a-z]+|Where the extension is set) `)
)

// Every next step is a command, or says what somebody has to do; what root alone
// may do is written with sudo; nothing is said twice.
func TestRemedies(t *testing.T) {
	all := remedies(t)
	if len(all) < 200 {
		t.Fatalf("%d next steps were found", len(all))
	}
	for _, r := range all {
		if m := asRoot.FindString(r.text); m != "" && !strings.Contains(r.text, "sh -c") && !strings.Contains(strings.ToLower(r.text), "as root") {
			t.Errorf("%s: root's command without sudo: %s", r.place, r.text)
		}
		var said []string
		for _, sentence := range strings.FieldsFunc(r.text, func(c rune) bool { return c == '.' || c == ';' }) {
			sentence = strings.ToLower(strings.TrimSpace(sentence))
			if len(sentence) > 12 && slices.Contains(said, sentence) {
				t.Errorf("%s: %q is said twice: %s", r.place, sentence, r.text)
			}
			said = append(said, sentence)
		}
		if strings.Contains(r.text, "Run: Run") || strings.Contains(r.text, "..") && !strings.Contains(r.text, "...") || strings.Contains(r.text, "  ") {
			t.Errorf("%s: %q", r.place, r.text)
		}
		if !aCommand.MatchString(r.text) && !tells.MatchString(r.text) && !strings.Contains(r.text, "X") {
			t.Errorf("%s: neither a command nor what to do, or who does it: %s", r.place, r.text)
		}
	}
}
