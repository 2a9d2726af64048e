//go:build rig

package signin_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// report says how many machines agree, and holds the table in docs/ against
// what was seen.
func (m *matrix) report(t *testing.T) {
	t.Helper()
	wrong := map[string]int{}
	agree := 0
	for _, r := range m.results {
		if r.wrong == "" && r.done {
			agree++
			continue
		}
		kind, _, _ := strings.Cut(r.wrong, ":")
		wrong[kind]++
	}
	t.Logf("%d of %d machines agree; otherwise: %v", agree, len(m.results), wrong)
	if os.Getenv("MACHINES") == "all" {
		golden(t, "docs/sign-in-checks.md", m.document())
	}
}

func (m *matrix) document() string {
	var b strings.Builder
	b.WriteString(head)
	for _, r := range m.results {
		b.WriteString(r.row())
	}
	return b.String()
}

const head = `# What ends sign-in, and what is said about it
`

// pattern is a word with stars, which Markdown would take for emphasis.
var pattern = regexp.MustCompile("[^\\s\"'()`]*\\*[^\\s\"'()`]*")

func (r result) row() string {
	escape := strings.NewReplacer("|", "\\|", "\n", " ").Replace
	cell := func(s string) string { return pattern.ReplaceAllString(escape(s), "`$0`") }
	said := r.said
	if r.code == 0 {
		said = r.warned
	}
	return fmt.Sprintf("| %s | %s | %s | %d | %s | %s | %s |\n", cell(r.title), r.persona, who(r), r.code, cell(said), cell(r.next), cell(r.helps))
}

func who(r result) string { return strings.Join(r.before, ", ") }

func (o *machine) mend(r *result) {}
