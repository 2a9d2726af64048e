//go:build rig

package doctor_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/doctor"
	"aadsshlogin-handler/test/lib/scene"
)

// The table in docs/doctor.md stands between these lines.
const (
	tableBegin = "<!-- Rendered by UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestBroken -->\n"
	tableEnd   = "<!-- end -->\n"
)

// pattern is a word with stars, which Markdown would take for emphasis.
var pattern = regexp.MustCompile(`[^\s"'()]*\*[^\s"'()]*`)

// tableRow is one machine and what doctor says first of it.
func tableRow(b broken, c doctor.Check) string {
	text, _, _ := strings.Cut(c.Text, " Last, from ") // what follows has a time in it
	answer := c.Answer
	if c.Code != 0 {
		answer = fmt.Sprintf("%s %d", c.Answer, c.Code)
	}
	cell := func(s string) string {
		s = strings.ReplaceAll(s, "|", "\\|")
		return pattern.ReplaceAllString(s, "`$0`")
	}
	next := c.Next
	for _, volatile := range []string{"(process "} {
		if i := strings.Index(text, volatile); i >= 0 {
			if j := strings.Index(text[i:], ")"); j >= 0 {
				text = text[:i] + volatile + "PID)" + text[i+j+1:]
			}
		}
	}
	if i := strings.Index(next, "ps -fp "); i >= 0 {
		next = next[:i] + "ps -fp PID" + strings.TrimLeft(next[i+len("ps -fp "):], "0123456789")
	}
	return fmt.Sprintf("| %s | %s | %s `%s`: %s | %s |", cell(b.section), cell(b.machine), answer, c.Name, cell(text), cell(next))
}

func compareTable(t *testing.T, rows []string) {
	t.Helper()
	top, err := scene.Top(t.Context())
	must(t, err)
	path := top + "/docs/doctor.md"
	page, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok := strings.Cut(string(page), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("docs/doctor.md has no place for the table")
	}
	want := before + tableBegin + "\n| section | machine | first line | next step |\n|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n\n" + tableEnd + after
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		must(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	if want != string(page) {
		t.Error("the table in docs/doctor.md is stale: UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestBroken")
	}
}
