package misc_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/golden"
)

// TestLinesToType counts what a person types for each way onto a machine, and
// keeps the table of docs/install.md: at most two lines beside URL and checksum.
// The lines themselves are run by test/suite/watch.
func TestLinesToType(t *testing.T) {
	const page = "../docs/install.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| way | whose handler | lines |\n|---|---|---|\n")
	ways := regexp.MustCompile("(?s)<!-- ([a-z() -]+) -->\n```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	for _, w := range ways {
		n := strings.Count(w[2], "\n")
		if n > 2 {
			t.Errorf("%s takes %d lines", w[1], n)
		}
		fmt.Fprintf(&table, "| %s | this one | %d |\n", w[1], n)
	}
	if len(ways) < 5 {
		t.Errorf("only %d ways were found", len(ways))
	}
	before, rest, found := strings.Cut(string(text), "<!-- table -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end of table -->")
	if !found || !ended {
		t.Fatal("docs/install.md has no table")
	}
	golden.Compare(t, page, before+"<!-- table -->\n"+table.String()+"<!-- end of table -->"+after)
}
