package doctor

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/test/lib/golden"
)

// The list of checks in docs/doctor.md stands between these lines.
const (
	checksBegin = "<!-- Rendered by UPDATE_GOLDEN=1 go test ./internal/doctor -run TestChecksAreDocumented -->\n"
	checksEnd   = "<!-- end of the checks -->\n"
)

// The page lists every check by section, from the rows.
func TestChecksAreDocumented(t *testing.T) {
	const page = "../../docs/doctor.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), checksBegin)
	_, after, ends := strings.Cut(rest, checksEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the checks", page)
	}
	golden.Compare(t, page, before+checksBegin+checkTable()+checksEnd+after)
}

func checkTable() string {
	var b strings.Builder
	b.WriteString("\n| check | section | substatus | asks | what decides |\n|---|---|---|---|---|\n")
	row := func(c check.About, section string) {
		group := c.Group
		if group != "" {
			group = "`" + group + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.Name, section, group, c.Asks, c.Doc)
	}
	for _, title := range titles() {
		for _, c := range Table() {
			if c.Section == title[0] {
				row(c, title[1])
			}
		}
	}
	return b.String() + "\n"
}
