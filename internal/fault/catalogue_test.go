package fault

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"aadssh/test/lib/golden"
)

// constants reads the codes from the source, because Go cannot list constants at run time:
// a constant without a row is found.
func constants(t *testing.T) map[Code]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[Code]string{}
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, s := range gen.Specs {
			v := s.(*ast.ValueSpec)
			if id, ok := v.Type.(*ast.Ident); !ok || id.Name != "Code" {
				t.Fatalf("constant %s is not a Code", v.Names[0])
			}
			n, err := strconv.Atoi(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if other, twice := found[Code(n)]; twice {
				t.Errorf("%s and %s are both %d", other, v.Names[0], n)
			}
			found[Code(n)] = v.Names[0].Name
		}
	}
	return found
}

// TestEveryConstantHasOneRow compares the two lists both ways.
func TestEveryConstantHasOneRow(t *testing.T) {
	want := constants(t)
	if len(want) < 17 {
		t.Fatalf("found only %d constants in the source", len(want))
	}
	seen := map[Code]bool{}
	for _, e := range Catalogue() {
		if seen[e.Code] {
			t.Errorf("two rows for %d", e.Code)
		}
		seen[e.Code] = true
		constant, ok := want[e.Code]
		if !ok {
			t.Errorf("row %d %s has no constant", e.Code, e.Name)
			continue
		}
		// The name is the constant's name in words: IdentityMissing, identity-missing.
		if got := strings.ReplaceAll(e.Name, "-", ""); got != strings.ToLower(constant) {
			t.Errorf("row %d is named %q, its constant %s", e.Code, e.Name, constant)
		}
	}
	for code, name := range want {
		if !seen[code] {
			t.Errorf("constant %s (%d) has no row", name, code)
		}
	}
}

// TestRows keeps every row usable by a program and by a person.
func TestRows(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	owners := map[Owner]bool{OwnerVM: true, OwnerAzure: true, OwnerImage: true, OwnerNetwork: true, OwnerPlatform: true, OwnerUs: true, OwnerNobody: true}
	names, last := map[string]bool{}, Code(-1)
	for _, e := range Catalogue() {
		t.Run(e.Name, func(t *testing.T) {
			if e.Code < 0 || e.Code >= 126 {
				t.Errorf("code %d is one of the shell's", e.Code)
			}
			if e.Code <= last {
				t.Errorf("code %d stands after %d", e.Code, last)
			}
			last = e.Code
			if !name.MatchString(e.Name) || names[e.Name] {
				t.Errorf("name %q is malformed or used twice", e.Name)
			}
			names[e.Name] = true
			if !owners[e.Owner] {
				t.Errorf("owner %q is not one of ours", e.Owner)
			}
			for field, text := range map[string]string{"Meaning": e.Meaning, "Retry": e.Retry, "Next": e.Next} {
				if text == "" || strings.ContainsAny(text, "\n|") {
					t.Errorf("%s is empty, or would break a table or a line: %q", field, text)
				}
			}
			if !strings.HasSuffix(e.Meaning, ".") || strings.Contains(strings.TrimSuffix(e.Meaning, "."), ". ") {
				t.Errorf("meaning is not one sentence: %q", e.Meaning)
			}
			for line := range strings.Lines(e.Az) {
				if !strings.HasPrefix(line, "az ") && !strings.HasPrefix(line, "# ") {
					t.Errorf("%q is not an az command", line)
				}
				if strings.Contains(line, " extension set ") && !strings.Contains(line, " --settings settings.json --force-update") {
					t.Errorf("%q drops the settings, or does nothing", line)
				}
			}
		})
	}
}

func TestFind(t *testing.T) {
	for in, want := range map[string]Code{"0": OK, "22": IdentityMissing, " 22\n": IdentityMissing, "identity-missing": IdentityMissing, "Disk": Disk, "53": SettingsInvalid} {
		if e, ok := Find(in); !ok || e.Code != want {
			t.Errorf("Find(%q) = %v, %v; want %d", in, e.Code, ok, want)
		}
	}
	for _, in := range []string{"", "-1", "3", "022", "126", "identity", "22 23"} {
		if e, ok := Find(in); ok {
			t.Errorf("Find(%q) found %d %s", in, e.Code, e.Name)
		}
	}
}

func TestText(t *testing.T) {
	for _, e := range Catalogue() {
		text := e.Text()
		for _, part := range []string{strconv.Itoa(int(e.Code)), e.Name, e.Meaning, string(e.Owner), e.Retry, e.Next, strings.ReplaceAll(e.Az, "\n", "\n              ")} {
			if !strings.Contains(text, part) {
				t.Errorf("text of %d lacks %q:\n%s", e.Code, part, text)
			}
		}
		if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("text of %d does not end in one newline", e.Code)
		}
	}
}

// TestPage compares docs/exit-codes.md with the catalogue; UPDATE_GOLDEN=1
// rewrites it.
func TestPage(t *testing.T) {
	const page = "../../docs/exit-codes.md"
	golden.Compare(t, page, Markdown())
}

func TestOf(t *testing.T) {
	if Of(nil) != nil {
		t.Error("a fault was found in nil")
	}
	cause := errors.New("cause")
	f := Wrap(cause, Disk, "what", "next")
	if got := Of(fmt.Errorf("outer: %w", f)); got != f {
		t.Errorf("Of found %v", got)
	}
	if !errors.Is(f, cause) {
		t.Error("the cause is lost")
	}
	if got := Wrap(cause, Disk, "It is full.", "").Error(); got != "It is full: cause" {
		t.Errorf("in the log: %q", got)
	}
	if got := Of(cause); got.Code != Internal || !errors.Is(got, cause) {
		t.Errorf("an unknown error became %v", got)
	}
}

func TestRemedy(t *testing.T) {
	if got := New(Disk, "w", "own").Remedy(); got != "own" {
		t.Errorf("own remedy lost: %q", got)
	}
	e, _ := Find("30")
	if got := New(Disk, "w", "").Remedy(); got != e.Next || got == "" {
		t.Errorf("catalogue's remedy not used: %q", got)
	}
	if got := New(Code(99), "w", "").Remedy(); got != "" {
		t.Errorf("a remedy for an unknown code: %q", got)
	}
}
