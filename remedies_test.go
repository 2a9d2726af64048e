package main

import (
	"go/ast"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/check"
	"aadssh/internal/facts"
	"aadssh/internal/repo"
)

// remedy is a next step as it stands in the code; what is filled in later is "X".
type remedy struct{ place, text string }

// remedies are all next steps of the product: each value of a field or variable called
// next, and the last argument of a fault.
func remedies(t *testing.T) (all []remedy) {
	t.Helper()
	consts := constants{}
	eachProductFile(t, func(_ string, _ *token.FileSet, file *ast.File) { consts.add(file) })
	eachProductFile(t, func(_ string, files *token.FileSet, file *ast.File) {
		in := reading{file.Name.Name, consts}
		ast.Inspect(file, func(n ast.Node) bool {
			if l, ok := n.(*ast.CompositeLit); ok && owned(l) {
				return false
			}
			for _, e := range nextSteps(n) {
				if s := strings.TrimSpace(in.flat(e)); len(strings.Trim(s, "X .")) > 0 {
					all = append(all, remedy{files.Position(e.Pos()).String(), s})
				}
			}
			for _, e := range told(n) {
				if s := strings.TrimSpace(in.flat(e)); asks.MatchString(s) {
					all = append(all, remedy{files.Position(e.Pos()).String(), s})
				}
			}
			return true
		})
	})
	return all
}

// owned reports whether a value has a field that says who must act, as each entry of the
// catalogue of exit codes has.
func owned(l *ast.CompositeLit) bool {
	return slices.ContainsFunc(l.Elts, func(e ast.Expr) bool {
		kv, _ := e.(*ast.KeyValueExpr)
		if kv == nil {
			return false
		}
		key, _ := kv.Key.(*ast.Ident)
		return key != nil && key.Name == "Owner"
	})
}

// constants are the texts that packages give names to, by package and name.
type constants map[string]ast.Expr

func (c constants) add(f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				if i < len(v.Values) {
					c[f.Name.Name+"."+name.Name] = v.Values[i]
				}
			}
		}
	}
}

// reading is a package whose texts are read.
type reading struct {
	name   string
	consts constants
}

// asks is how a next step begins that a function gives back.
var asks = regexp.MustCompile(`^(?:Add|Allow|Change|Check|Compare|Correct|Decide|Delete|Find|Free|Give|Install|Keep|Let|Look|Make|Mend|Move|Name|Open|Put|Reinstall|Release|Remove|Rename|Repair|Restore|See|Take|Try|Update|Use|Wait|Write) .*[^,:;]$`)

// told are texts that a node gives to whoever called it, or chooses from.
func told(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.ReturnStmt:
		return n.Results
	case *ast.CallExpr:
		if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Or" {
			return n.Args
		}
	}
	return nil
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
func (in reading) flat(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return in.flat(e.X) + in.flat(e.Y)
	case *ast.Ident:
		if text, ok := in.consts[in.name+"."+e.Name]; ok {
			return in.flat(text)
		}
	case *ast.SelectorExpr:
		if p, ok := e.X.(*ast.Ident); ok {
			if text, ok := in.consts[p.Name+"."+e.Sel.Name]; ok {
				return reading{p.Name, in.consts}.flat(text)
			}
		}
	case *ast.CallExpr:
		if s, ok := e.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Sprintf" {
			return strings.ReplaceAll(verb.ReplaceAllString(strings.ReplaceAll(in.flat(e.Args[0]), "%%", "\x00"), "X"), "\x00", "%")
		}
	}
	return "X"
}

// programs are what next steps may have people run; no other word begins a command.
var programs = strings.Fields(`
aa-complain aaduserdel aadsshlogin-handler apt apt-cache apt-get apt-mark ausearch az azcmagent btrfs cat chage chmod chown chronyc command cp
curl date dd df dmesg dnf dpkg dpkg-divert dpkg-statoverride du echo find findmnt free fuser getent gpg grep install iconv ip iptables iptables-legacy iptables-save
journalctl kubectl ldd less ls lsattr man mkdir mount mv nc nft openssl pam-auth-update pgrep printf ps python3 repquota resolvectl restorecon rm rpm sed
semodule sh ss ssh-keygen sshd sysctl systemctl tail tdnf tee timedatectl touch ulimit umount update-crypto-policies useradd vipw visudo
who yum zypper`)

// Where a command may begin, what root alone may run, and who may be asked to act.
var (
	begins = regexp.MustCompile(`[:;,.?] |\(|"|\b(?:[Rr]un|with|use|[Ss]ee|is) `)
	asRoot = regexp.MustCompile(`(?:^|: |; |&& |\| |\()(?:systemctl (?:start|stop|restart|reload|enable|unmask)|chmod|chown|mount|umount|(?:apt-get|dnf|yum|tdnf|zypper) (?:install|reinstall|remove|purge|update|clean)|rm|mv|sed -i|semodule|visudo|dpkg -(?:-purge|-configure|r|P)|rpm -(?:e|-import)|install -[md]|tee|update-crypto-policies --set|pam-auth-update) `)
	actors = regexp.MustCompile(`\b(?:[Aa]sk (?:them|who|whoever)|[Hh]ave (?:AKS|clients|people|somebody)|Tell people|[Ww]hoever|On the client|Where (?:the|that) extension is set|systemd removes it|Nothing is to be done)\b`)
)

// commands are the commands in a text, each as a shell would get it. X stands for what is
// filled in. If that may be a command, it is one, and the rendered texts show it.
func commands(text string) (all []string) {
	for rest := text; ; {
		c := untilProse(rest)
		if before := len(text) - len(rest); before > 0 && text[before-1] == '"' {
			c, _, _ = strings.Cut(rest, `"`)
		}
		if isProgram(c) {
			all, rest = append(all, c), rest[len(c):]
		}
		at := begins.FindStringIndex(rest)
		if at == nil {
			return all
		}
		rest = rest[at[1]:]
	}
}

// isProgram says whether a text begins with a program that is known.
func isProgram(text string) bool {
	words := strings.Fields(text)
	for len(words) > 1 && (words[0] == "sudo" || words[0] == "env" || words[0] == "-n" || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	if len(words) == 0 || !slices.Contains(programs, path.Base(words[0])) && !strings.HasPrefix(words[0], "X") {
		return false
	}
	if words[0] == "az" {
		return len(words) > 1
	}
	english := slices.Contains([]string{"command", "date", "find", "install", "less", "who"}, words[0])
	return !english || len(words) > 1 && strings.ContainsAny(words[1][:1], "-+/$X")
}

// untilProse is a command without the words after it: text in brackets, the next sentence,
// and what follows a comma or semicolon and is not a program.
func untilProse(text string) string {
	var quote rune
	depth := 0
	for i, c := range text {
		switch {
		case quote != 0 && c != quote:
		case c == quote:
			quote = 0
		case c == '\'' || c == '"' && i > 0:
			quote = c
		case c == '(' && i > 0 && text[i-1] == ' ', c == ')' && depth == 0, c == '"':
			return text[:i]
		case c == '(':
			depth++
		case c == ')':
			depth--
		case strings.ContainsRune(".,;:", c):
			if next := strings.TrimLeft(text[i:], ".,;:"); next == "" || next[0] == ' ' && !isProgram(next) {
				return text[:i]
			}
		}
	}
	return text
}

// parses says whether a shell takes a command.
func parses(t *testing.T, command string) bool {
	t.Helper()
	return exec.CommandContext(t.Context(), "sh", "-n", "-c", command).Run() == nil
}

// Every next step has a command or says who must act. What only root may do has sudo, and
// nothing is said twice.
func TestRemedies(t *testing.T) {
	all := remedies(t)
	if len(all) < 200 {
		t.Fatalf("%d next steps were found", len(all))
	}
	machine := facts.Facts{Sources: []repo.Entry{{File: repo.DefinitionPath(distro.Dnf), Enabled: true}}}
	machine.Target.Manager, machine.Target.Packages.Login, machine.Target.Packages.SELinux = distro.Dnf, "aadsshlogin", "aadsshlogin-selinux"
	for _, r := range all {
		r.text = machine.Commands(&check.Result{Next: r.text})
		if m := asRoot.FindString(r.text); m != "" && !strings.Contains(r.text, "sh -c") && !strings.Contains(r.text, "mktemp -d") && !strings.Contains(strings.ToLower(r.text), "as root") {
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
		found := commands(r.text)
		for _, c := range found {
			if !parses(t, c) {
				t.Errorf("%s: a shell does not take %q", r.place, c)
			}
		}
		if begun := strings.HasSuffix(r.text, ":"); begun {
			continue // the command is what it is put together with
		}
		if len(found) == 0 && !actors.MatchString(r.text) {
			t.Errorf("%s: neither a command nor who must act: %s", r.place, r.text)
		}
	}
}

// rendered are next steps as they were read on machines: those of doctor and enable about
// broken machines, and those for each package manager's failures.
func rendered(t *testing.T) (all []remedy) {
	t.Helper()
	for _, of := range []struct {
		files string
		step  *regexp.Regexp
	}{
		{"test/suite/doctor/testdata/told/*.txt", regexp.MustCompile(`\A[^\n]*\n([^\n]+)`)},
		{"test/suite/hostile/testdata/network.golden", regexp.MustCompile(`(?m)^\S.*\n  .*\n  (.+)$`)},
		{"test/suite/enable/testdata/bad-input.txt", regexp.MustCompile(`(?m)^.*: exit [1-9].*\n.+\n(.+)$`)},
		{"pkgmgr/testdata/*.golden", regexp.MustCompile(`(?m)^    (?:\d+ )?\S.*\n    (\S.+)$`)},
		{"pkgmgr/testdata/scenes/*.golden", regexp.MustCompile(`(?m)^    \d+ .*\n    (\S.+)$`)},
		{"docs/sign-in-checks.md", regexp.MustCompile(`(?m)^\|(?:[^|]*\|){3} [1-9]\d* \|[^|]*\| ([^|]+) \|`)},
	} {
		files, err := filepath.Glob(of.files)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", of.files, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range of.step.FindAllStringSubmatch(string(text), -1) {
				all = append(all, remedy{file, m[1]})
			}
		}
	}
	return all
}

// So is every next step that was read on a machine.
func TestRenderedRemedies(t *testing.T) {
	all, said := rendered(t), map[string]bool{}
	for _, r := range all {
		if said[r.text] {
			continue
		}
		said[r.text] = true
		if len(commands(r.text)) == 0 && !actors.MatchString(r.text) {
			t.Errorf("%s: neither a command nor who must act: %s", r.place, r.text)
		}
	}
	if len(said) < 300 {
		t.Errorf("%d next steps were read, %d of them different", len(all), len(said))
	}
}
