package misc_test

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/golden"
)

// TestLinesToType counts what a person types for each way to set up a machine, and compares
// the table of docs/install.md: at most two lines, and the variables with URL and checksum.
// test/suite/watch runs the lines.
func TestLinesToType(t *testing.T) {
	const page = "../docs/install.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	steps := []string{"", ": another version", ": back", ": remove"}
	lines, known := map[string]int{}, map[string]bool{}
	var ways, files []string
	section := map[string]string{}
	file := regexp.MustCompile(`\$url/(\S+)|misc/\S+`)
	for _, at := range regexp.MustCompile("(?s)<!-- ([^\n]+) -->\n```sh\n(.*?)```").FindAllStringSubmatchIndex(string(text), -1) {
		name, code := string(text[at[2]:at[3]]), string(text[at[4]:at[5]])
		lines[name] = strings.Count(code, "\n") - strings.Count(code, "\\\n")
		if lines[name] > 2 {
			t.Errorf("%s takes %d lines", name, lines[name])
		}
		if way, step, ofWay := strings.Cut(name, ":"); !ofWay {
			ways = append(ways, way)
			section[way] = anchor(string(text[:at[0]]))
			m := file.FindStringSubmatch(code)
			if m == nil {
				t.Fatalf("%s brings no file", way)
			}
			files = append(files, cmp.Or(m[1], m[0]))
		} else if !slices.Contains(steps, ":"+step) || lines[way] == 0 {
			t.Errorf("%q is no step of a way", name)
		}
		known[name] = true
	}
	if len(ways) < 8 {
		t.Errorf("only %d ways were found: %q", len(ways), ways)
	}
	var table strings.Builder
	table.WriteString("| way | file | whose handler | lines to type | to another version | back | to remove |\n|---|---|---|---|---|---|---|\n")
	for i, way := range ways {
		fmt.Fprintf(&table, "| %s | `%s` | this one |", way, files[i])
		for _, step := range steps {
			if known[way+step] {
				fmt.Fprintf(&table, " %d |", lines[way+step])
			} else {
				fmt.Fprintf(&table, " [see there](#%s) |", section[way])
			}
		}
		table.WriteString("\n")
	}
	before, rest, found := strings.Cut(string(text), "<!-- table -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end of table -->")
	if !found || !ended {
		t.Fatal("docs/install.md has no table")
	}
	golden.Compare(t, page, before+"<!-- table -->\n"+table.String()+"<!-- end of table -->"+after)
}

// anchor is that of the last heading of a text.
func anchor(text string) string {
	headings := regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1)
	title := strings.ToLower(headings[len(headings)-1][1])
	return strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(title, ""), " ", "-")
}
