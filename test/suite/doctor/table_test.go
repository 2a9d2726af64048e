//go:build rig

package doctor_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/golden"
	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
)

// The machines are in docs/broken-machines.md between these lines.
const (
	tableBegin = "<!-- Rendered by UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestTableOfBrokenMachines -->\n"
	tableEnd   = "<!-- end -->\n"
)

// pattern matches a word with stars, which Markdown would treat as emphasis.
var pattern = regexp.MustCompile(`[^\s"'()]*\*[^\s"'()]*`)

// textsDir has the texts about each machine, one file each.
const textsDir = "testdata/told/"

// slug is a file name for a machine.
func slug(machine string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(machine), "-"), "-")
}

// lines are the texts, one per line; enable's is last.
func (of texts) lines() []string {
	c := of.doctor
	text, _, _ := strings.Cut(c.Text, " Last, from ") // the rest contains a time
	answer := c.Answer
	if c.Code != 0 {
		answer = fmt.Sprintf("%s %d", c.Answer, c.Code)
	}
	lines := []string{answer + " `" + c.Name + "`: " + text, c.Next, of.status, of.after, of.portal}
	for i, l := range lines {
		lines[i] = steady(l)
	}
	return lines
}

// compare compares the texts with the machine's file. If enable was not run, its line is
// not compared.
func (of texts) compare(t *testing.T, b broken) {
	t.Helper()
	file := textsDir + slug(b.machine) + ".txt"
	lines := of.lines()
	if golden.Update() && !t.Failed() {
		stage.Must(t, os.MkdirAll(textsDir, 0o755))
		stage.Must(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
		return
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s has no row in the table: MACHINES=WORD UPDATE_GOLDEN=1 renders it", b.machine)
		return
	}
	stage.Must(t, err)
	was := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, l := range lines {
		if (i < len(lines)-1 || whole()) && (i >= len(was) || was[i] != l) {
			t.Errorf("%s is stale: MACHINES=WORD UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestBroken\n%s", file, l)
		}
	}
}

// TestTableOfBrokenMachines: docs/broken-machines.md has each machine under its own
// heading, with the content of its file.
func TestTableOfBrokenMachines(t *testing.T) {
	var sections []string
	of := map[string]string{} // by section
	files := map[string]bool{}
	for _, b := range every(t) {
		file := textsDir + slug(b.machine) + ".txt"
		if files[file] {
			t.Errorf("two machines are called %q", b.machine)
		}
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		stage.Must(t, err)
		files[file] = true
		if !slices.Contains(sections, b.section) {
			sections = append(sections, b.section)
		}
		of[b.section] += entry(b.machine, strings.Split(strings.TrimSuffix(string(content), "\n"), "\n"))
	}
	there, err := filepath.Glob(textsDir + "*.txt")
	stage.Must(t, err)
	if len(there) != len(files) || len(files) < 80 {
		t.Errorf("%d machines, %d files", len(files), len(there))
	}
	page := ""
	for _, s := range sections {
		page += "\n## " + s + "\n" + of[s]
	}
	comparePage(t, page)
}

// entry is the page's text about a machine: the situation, what doctor says and what to
// run, and the result.
func entry(machine string, lines []string) string {
	plain := func(s string) string { return strings.ReplaceAll(pattern.ReplaceAllString(s, "`$0`"), "<", `\<`) }
	said := func(what, line string) string {
		if line == "" {
			return ""
		}
		return "- " + what + ": " + plain(line) + "\n"
	}
	out := "\n### " + plain(machine) + "\n\ndoctor: " + plain(lines[0]) + "\n"
	if lines[1] != "" {
		out += "\n```text\n" + lines[1] + "\n```\n"
	}
	return out + "\n" + said("the step, carried out", lines[3]) + said("status", lines[2]) + said("enable, and so the portal", lines[4])
}

func comparePage(t *testing.T, rendered string) {
	t.Helper()
	const document = "docs/broken-machines.md"
	page := source.Read(t, document)
	before, rest, ok := strings.Cut(page, tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the machines", document)
	}
	want := before + tableBegin + rendered + "\n" + tableEnd + after
	if golden.Update() {
		stage.Must(t, os.WriteFile(source.Path(t, document), []byte(want), 0o644))
		return
	}
	if want != page {
		t.Errorf("%s is stale: UPDATE_GOLDEN=1 go test -tags rig ./test/suite/doctor -run TestTableOfBrokenMachines", document)
	}
}
