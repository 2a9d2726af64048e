// Package checktest tests a table of checks with broken machines.
package checktest

import (
	"strings"
	"testing"

	"aadssh/internal/check"
)

// Machine is a machine that was broken in one way.
type Machine[M any] struct {
	Seen M
	Told bool // it only changes the text of a pass
}

// Rows fails on a row that lacks something, on one that finds a fault on a healthy machine,
// and on one that does not warn, fail or answer unknown on any machine: broken has one for
// each name.
func Rows[M any](t *testing.T, rows []*check.Row[M], healthy M, broken map[string]Machine[M]) {
	t.Helper()
	seen := map[string]bool{}
	for _, row := range rows {
		name := row.Name
		if name == "" && len(row.Several) > 0 {
			continue // their own tables test all of them
		}
		if missing := lacks(row); missing != "" || seen[name] {
			t.Errorf("the check %q is there twice, or lacks %s", name, missing)
			continue
		}
		seen[name] = true
		for _, r := range ask(row, healthy) {
			if r.Answer != check.Pass {
				t.Errorf("%s of a healthy machine: %s: %s", name, r.Answer, r.Text)
			}
		}
		m, ok := broken[name]
		if !ok {
			t.Errorf("no test breaks a machine so that the check %s says it", name)
			continue
		}
		complains(t, row, healthy, m)
	}
	for name := range broken {
		if !seen[name] {
			t.Errorf("a machine is broken for the check %s, which is in no row", name)
		}
	}
}

func complains[M any](t *testing.T, row *check.Row[M], healthy M, m Machine[M]) {
	t.Helper()
	for _, r := range ask(row, m.Seen) {
		if r.Answer != check.Pass && r.Text != "" || m.Told && text(ask(row, healthy)) != r.Text {
			return
		}
	}
	t.Errorf("%s does not say what is wrong with the machine that was broken for it: %+v", row.Name, ask(row, m.Seen))
}

func text(results []check.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Text)
	}
	return strings.Join(all, "\n")
}

func ask[M any](row *check.Row[M], seen M) []check.Result {
	return check.Run([]*check.Row[M]{row}, seen)
}

// lacks is what is missing in a row.
func lacks[M any](row *check.Row[M]) string {
	switch {
	case row.Name == "" || strings.Trim(row.Name, "abcdefghijklmnopqrstuvwxyz-") != "":
		return "a name in lower-case words joined by hyphens"
	case row.Section == "":
		return "a section"
	case !strings.HasSuffix(row.Asks, "?"):
		return "a question"
	case row.Run == nil:
		return "a function"
	case !strings.HasSuffix(row.Doc, "."):
		return "documentation: a sentence"
	}
	return ""
}
