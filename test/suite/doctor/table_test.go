//go:build rig

package doctor_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aadssh/test/lib/scene"
)

// The table in docs/broken-machines.md stands between these lines.
const (
	tableBegin = "<!-- Rendered by UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestTableOfBrokenMachines -->\n"
	tableEnd   = "<!-- end -->\n"
)

// pattern is a word with stars, which Markdown would take for emphasis.
var pattern = regexp.MustCompile(`[^\s"'()]*\*[^\s"'()]*`)

// toldDir has what is said of each machine, one file each.
const toldDir = "testdata/told/"

// slug is a machine's name as a file's.
func slug(machine string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(machine), "-"), "-")
}

// lines are what is said, one line each; what enable says stands last.
func (of told) lines() []string {
	c := of.doctor
	text, _, _ := strings.Cut(c.Text, " Last, from ") // what follows has a time in it
	answer := c.Answer
	if c.Code != 0 {
		answer = fmt.Sprintf("%s %d", c.Answer, c.Code)
	}
	lines := []string{answer + " `" + c.Name + "`: " + text, c.Next, of.status, of.mended, of.portal}
	for i, l := range lines {
		lines[i] = steady(l)
	}
	return lines
}

// compare holds what was said against the machine's file. Where enable was not
// run, its line is not compared.
func (of told) compare(t *testing.T, b broken) {
	t.Helper()
	file := toldDir + slug(b.machine) + ".txt"
	lines := of.lines()
	if os.Getenv("UPDATE_GOLDEN") == "1" && whole() && !t.Failed() {
		must(t, os.MkdirAll(toldDir, 0o755))
		must(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
		return
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s has no row in the table: MACHINES=all UPDATE_GOLDEN=1 renders it", b.machine)
		return
	}
	must(t, err)
	was := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, l := range lines {
		if (i < len(lines)-1 || whole()) && (i >= len(was) || was[i] != l) {
			t.Errorf("%s is stale: MACHINES=all UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestBroken\n%s", file, l)
		}
	}
}

// The table in docs/broken-machines.md has each machine that was told of, with what
// its file says.
func TestTableOfBrokenMachines(t *testing.T) {
	cell := func(s string) string { return pattern.ReplaceAllString(strings.ReplaceAll(s, "|", "\\|"), "`$0`") }
	var rows []string
	files := map[string]bool{}
	for _, b := range every(t) {
		file := toldDir + slug(b.machine) + ".txt"
		if files[file] {
			t.Errorf("two machines are called %q", b.machine)
		}
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		must(t, err)
		files[file] = true
		row := "| " + cell(b.section) + " | " + cell(b.machine)
		for _, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			row += " | " + cell(l)
		}
		rows = append(rows, row+" |")
	}
	there, err := filepath.Glob(toldDir + "*.txt")
	must(t, err)
	if len(there) != len(files) || len(rows) < 80 {
		t.Errorf("%d machines, %d files", len(rows), len(there))
	}
	compareTable(t, rows)
}

func compareTable(t *testing.T, rows []string) {
	t.Helper()
	top, err := scene.Top(t.Context())
	must(t, err)
	path := top + "/docs/broken-machines.md"
	page, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok := strings.Cut(string(page), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("docs/broken-machines.md has no place for the table")
	}
	want := before + tableBegin + "\n| section | machine | doctor's first line | next step | status | the step, carried out | enable, and so the portal |\n|---|---|---|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n\n" + tableEnd + after
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		must(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	if want != string(page) {
		t.Error("the table in docs/broken-machines.md is stale: UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestTableOfBrokenMachines")
	}
}
