//go:build rig

package signin_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"aadssh/test/lib/golden"
	"aadssh/test/lib/source"
)

// report says how many machines agree, and compares the table in docs/ with the results.
func (m *matrix) report(t *testing.T) {
	t.Helper()
	wrong, helped := map[string]int{}, map[string]int{}
	for _, r := range m.results {
		helps, _, _ := strings.Cut(r.helps, " (")
		helped[helps]++
		if r.wrong == "" {
			continue
		}
		kind, _, _ := strings.Cut(r.wrong, ":")
		wrong[kind]++
	}
	t.Logf("%d of %d machines agree; otherwise: %v", m.agree(), len(m.results), wrong)
	t.Logf("next steps, carried out: %v", helped)
	if os.Getenv("MACHINES") == "all" {
		m.golden(t, "docs/sign-in-checks.md")
	}
}

// golden compares the table, or renders it, in which case wrong rows are marked as wrong.
func (m *matrix) golden(t *testing.T, name string) {
	t.Helper()
	path := source.Path(t, name)
	if !golden.Update() {
		golden.Compare(t, path, m.document())
		return
	}
	if err := os.WriteFile(path, []byte(m.document()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (m *matrix) document() string {
	var b strings.Builder
	count := map[string]int{}
	for _, r := range m.results {
		kind, _, _ := strings.Cut(r.wrong, ":")
		helps, _, _ := strings.Cut(r.helps, " (")
		count[kind]++
		count[helps]++
		if r.carried != "" {
			count["carried"]++
		}
	}
	fmt.Fprintf(&b, head, len(m.results), m.agree(), count["wrong success"], count["wrong failure"], count["carried"], count["helps"])
	for _, r := range m.results {
		b.WriteString(r.row())
	}
	return b.String()
}

const head = "# What ends sign-in, and what is said about it\n" + `
Each row is a machine on which our enable installed the package, and on which something was changed afterwards. Somebody tried to sign in
with OpenSSH and a certificate from another address, before and after enable ran again, with RSA keys of the sizes that az
makes.

- **Who tries**: "in" is a session whose role was checked, "unchecked" one whose role was not, "out" none.
- **Code** and **What is said**: of enable; with code 0, its warning.
- **Carried out**: the result of the next step. "helps": enable passed after it without a warning, and everybody who tried got in.
  Where the step is not a command, a script did what it says. "put back": enable reinstalled the package from the kept
  file, and people got in then.

%d machines: on %d the verdict agrees with what people meet. Success where not everybody gets in: %d. Failure where people do: %d.
Next steps carried out: %d, of which %d help.

The machines are files in test/suite/signin/testdata/machines. The last rows are a machine for each supported release; where no root file
system of a release was available, its stock files are on the most similar one. This table is rendered by UPDATE_GOLDEN=1 make signin.

| What was done | Machine | Who tries | Code | What is said | Next step | Carried out |
|---|---|---|---|---|---|---|
`

// cell escapes what Markdown would take for markup in a cell of a table, so that commands
// are shown as they were said.
var cell = strings.NewReplacer(`\`, `\\`, "*", `\*`, "`", "\\`", "<", `\<`, "|", `\|`, "\n", " ").Replace

func (r *result) row() string {
	said, next, helps := r.said, r.next, r.helps
	if r.code == 0 {
		said, next = r.warned, ""
	}
	if said == "" {
		said = "People can sign in."
	}
	if r.repair != "" {
		said, helps = r.repair, "put back"
	}
	if r.wrong != "" {
		said += " THIS IS WRONG: " + r.wrong
	}
	return fmt.Sprintf("| %s | %s | %s | %d | %s | %s | %s |\n", cell(r.title), r.persona, who(r), r.code, cell(said), cell(next), cell(helps))
}

// who is each attempt with its result.
func who(r *result) string {
	var words []string
	for i, a := range r.attempts {
		if i < len(r.before) {
			words = append(words, a.words+": "+r.before[i])
		}
	}
	return strings.Join(words, "; ")
}

// agree is the number of machines that were examined completely and judged correctly.
func (m *matrix) agree() (n int) {
	for _, r := range m.results {
		if r.done && r.wrong == "" {
			n++
		}
	}
	return n
}
