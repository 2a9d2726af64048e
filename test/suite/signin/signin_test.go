//go:build rig

package signin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// TestVerdicts: for each change, what enable says is what the person meets. The
// package of this machine registers on its first installation only, so the
// changes stay and the verdict is about them.
func TestVerdicts(t *testing.T) {
	s := passed(t, roots.Ubuntu("22.04"), true)
	var rows []string
	for _, c := range changes() {
		t.Run(c.title, func(t *testing.T) {
			s.t = t
			defer s.restore()
			s.must(c.script)
			before, _ := s.signIn()
			if before != c.works {
				t.Errorf("after the change the person gets in: %v, the case says %v", before, c.works)
			}
			_, stop := s.sshd() // for enable to see
			code, what, next := s.enable()
			warned := warnings(s)
			stop()
			after, why := s.signIn()
			if (code == 0) != after {
				t.Errorf("enable says %d %s; the person gets in: %v (%s)", code, what, after, why)
			}
			if code != 0 && (next == "" || code != c.code) {
				t.Errorf("enable says %d %q, next step %q", code, what, next)
			}
			if code == 0 && !c.works && !c.registers {
				t.Error("enable repaired what is not the package's")
			}
			mended := s.mend(c, code != 0 || warned != "")
			rows = append(rows, row(c, code, what, next, warned, mended))
		})
	}
	s.t = t
	golden(t, "docs/sign-in-checks.md", head+strings.Join(rows, ""))
}

const head = `# What ends sign-in, and what is said about it

Each row was applied to a machine whose enable had passed. Whether a person gets in was tried with OpenSSH and a
certificate, before and after enable ran again. "put back" means that enable had the package manager reinstall the
package from the kept file, without network, and that the person gets in again; some packages register on their
first installation only, and the text is what such a machine says. The next step was then carried out, by a script that
does what it says, and "helps" means that enable passed after it, that nothing was warned of any more, and that the
person got in. Where the step leaves a person a choice, the one that was taken stands beside it.

This table is rendered by UPDATE_GOLDEN=1 go test -tags rig ./test/suite/signin.

| What happened | Gets in before enable | Code after enable, where reinstalling does not help | Put back, where the package registers again | What is said | Next step | Carried out |
|---|---|---|---|---|---|---|
`

// pattern is a word with stars, which Markdown would take for emphasis.
var pattern = regexp.MustCompile(`[^\s"'()]*\*[^\s"'()]*`)

func row(c change, code int, what, next, warned, mended string) string {
	escape := strings.NewReplacer("|", "\\|", "\n", " ").Replace
	cell := func(s string) string { return pattern.ReplaceAllString(escape(s), "`$0`") }
	in, back := "no", "no"
	if c.works {
		in = "yes"
	}
	if c.registers {
		back = "yes"
	}
	if c.works {
		back = ""
		what, next = warned, ""
	}
	return fmt.Sprintf("| %s | %s | %d | %s | %s | %s | %s |\n", cell(c.title), in, code, back, cell(what), cell(next), cell(mended))
}

// mend carries the next step out, where one was named, and holds against it what
// comes of it. It returns the cell of the table.
func (s *stage) mend(c change, named bool) string {
	s.t.Helper()
	if named != (c.remedy != "") {
		s.t.Errorf("a next step is named: %v; the case carries out: %q", named, c.remedy)
	}
	if !named || c.remedy == "" {
		return ""
	}
	if r := s.sh(c.remedy); r.ExitCode != 0 {
		s.t.Errorf("%s: exit %d\n%s", c.remedy, r.ExitCode, r.Output())
	}
	_, stop := s.sshd() // for enable to see
	code, what, next := s.enable()
	warned := warnings(s)
	stop()
	s.must("aaduseradd " + person) // a removal takes the accounts along
	if ok, why := s.signIn(); code != 0 || !ok || (warned != "") != c.open {
		s.t.Errorf("after %s\nenable says %d %s %s; it warns of %q; the person gets in: %v (%s)", c.remedy, code, what, next, warned, ok, why)
	}
	if c.choice != "" {
		return "helps (" + c.choice + ")"
	}
	return "helps"
}

// warnings are the substatuses of a machine that passes which are not plain
// success.
func warnings(s *stage) string {
	report, err := s.Agent.Apply(s.t.Context(), s.Goal())
	if err != nil {
		s.t.Fatal(err)
	}
	var words []string
	for _, sub := range report.Extension.Substatus {
		if sub.Status != "success" && sub.Name != "monitor" {
			words = append(words, sub.Message)
		}
	}
	return strings.Join(words, " ")
}

// golden compares a document with what the test saw.
func golden(t *testing.T, name, got string) {
	t.Helper()
	top, err := scene.Top(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(top, name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if t.Failed() {
			t.Fatal("not rendered: a row above is wrong")
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the handler says now; render it with UPDATE_GOLDEN=1. It says now:\n%s", name, got)
	}
}

// TestRepairOffline: what the package registers, enable puts back from the kept
// package file, with the package host down.
func TestRepairOffline(t *testing.T) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4")} {
		t.Run(p.Name, func(t *testing.T) {
			s := passed(t, p, false)
			s.Packages.Down()
			for _, c := range changes() {
				if !c.registers || p.Family != roots.Apt && strings.Contains(c.script, "pam") {
					continue // the PAM files of the other family have other names
				}
				t.Run(c.title, func(t *testing.T) {
					s.t = t
					defer s.restore()
					s.must(c.script)
					if ok, _ := s.signIn(); ok {
						t.Error("the change changes nothing")
					}
					code, what, next := s.enable()
					if ok, why := s.signIn(); code != 0 || !ok {
						t.Errorf("enable says %d %s | %s; the person gets in: %v (%s)", code, what, next, ok, why)
					}
				})
			}
			s.t = t
			if requests := s.Packages.Requests(); len(requests) > 0 && t.Failed() {
				t.Log(requests)
			}
		})
	}
}
