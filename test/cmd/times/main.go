// Command times prints how long each package's tests took, longest first, as a table in
// Markdown. It reads the output of go test -json:
//
//	go test -count=1 -json ./... | go run ./test/cmd/times
//
// With -document FILE it inserts the table there instead of printing it.
//
// It fails if a test failed, so that no table comes from a failed run, and says what that test
// printed.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"aadssh/test/lib/measured"
)

func main() {
	document := flag.String("document", "", "the file to put the table into, between its marks")
	flag.Parse()
	var table strings.Builder
	err := run(os.Stdin, &table)
	if err == nil && *document != "" {
		err = measured.Put(context.Background(), *document, "make times", table.String())
	} else if err == nil {
		_, err = os.Stdout.WriteString(table.String())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// event is the needed part of a line (go doc test2json).
type event struct {
	Time                          time.Time
	Action, Package, Test, Output string
	Elapsed                       float64 // seconds; of a test without its parallel subtests
}

// row is one package, which may have run twice: without test machines and with them.
type row struct {
	name, longest string
	seconds, of   float64              // of the package, and of its longest test
	tests         map[string]bool      // without subtests
	began         map[string]time.Time // when a test started, or went on after it had waited for its turn
}

func run(in io.Reader, out io.Writer) error {
	rows := map[string]*row{}
	printed := map[string]string{} // by each test
	var failed []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // go itself prints this in between
		}
		test := strings.TrimSpace(e.Package + " " + e.Test)
		switch e.Action {
		case "output":
			printed[test] += e.Output
		case "pass":
			delete(printed, test)
		case "fail":
			failed = append(failed, test+":\n"+printed[test])
		}
		if !slices.Contains([]string{"run", "cont", "pass"}, e.Action) {
			continue
		}
		name := e.Package[strings.Index(e.Package, "/")+1:]
		r := rows[name]
		if r == nil {
			r = &row{name: name, tests: map[string]bool{}, began: map[string]time.Time{}}
			rows[name] = r
		}
		switch {
		case strings.Contains(e.Test, "/"):
		case e.Action != "pass":
			r.began[e.Test] = e.Time
		case e.Test == "":
			r.seconds += e.Elapsed
		default:
			r.tests[e.Test] = true
			if of := e.Time.Sub(r.began[e.Test]).Seconds(); of >= r.of {
				r.longest, r.of = e.Test, of
			}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("no table, these failed: %s", strings.Join(failed, "\n"))
	}
	return print(out, rows)
}

// print omits what took less than a second, and says how many packages those are.
func print(out io.Writer, rows map[string]*row) error {
	var all []*row
	rest, tests, sum := 0, 0, 0.0
	for _, r := range rows {
		tests, sum = tests+len(r.tests), sum+r.seconds
		if r.seconds < 1 {
			rest++
			continue
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *row) int { return cmp.Or(-cmp.Compare(a.seconds, b.seconds), cmp.Compare(a.name, b.name)) })
	var b strings.Builder
	b.WriteString("| package | seconds | tests | the longest |\n|---|---|---|---|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| `%s` | %.0f | %d | `%s` %.0f |\n", r.name, r.seconds, len(r.tests), r.longest, r.of)
	}
	fmt.Fprintf(&b, "| %d others, less than a second each | | | |\n| the sum; packages run side by side | %.0f | %d | |\n", rest, sum, tests)
	_, err := io.WriteString(out, b.String())
	return err
}
