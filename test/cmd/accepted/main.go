// Command accepted compares the findings of gosec, as JSON on standard input, with those
// that were examined and accepted, one by one, with a reason:
//
//	gosec -quiet -no-fail -fmt=json ./... | accepted test/cmd/accepted/gosec.txt
//
// It fails on a finding that is not in the file, and on one that no longer exists. With
// -write it rewrites the file; the reasons of new findings then have to be filled in.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// report is the part of gosec's report that is needed.
type report struct {
	Issues []struct {
		Rule string `json:"rule_id"`
		File string `json:"file"`
		Line string `json:"line"`
		Code string `json:"code"`
	}
}

func main() {
	write := flag.Bool("write", false, "write the file anew")
	flag.Parse()
	if err := run(os.Stdin, flag.Arg(0), *write); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, path string, write bool) error {
	var r report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("gosec's report: %w", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	found := map[string]int{}
	for _, i := range r.Issues {
		file, err := filepath.Rel(here, i.File)
		if err != nil {
			return err
		}
		found[i.Rule+"\t"+file+"\t"+lineOf(i.Code, i.Line)]++
	}
	accepted, err := read(path)
	if err != nil {
		return err
	}
	if write {
		return writeAll(path, found, accepted)
	}
	var wrong []string
	for f := range found {
		if accepted[f] == "" {
			wrong = append(wrong, "not accepted: "+strings.ReplaceAll(f, "\t", " "))
		}
	}
	for f, why := range accepted {
		if found[f] == 0 || strings.HasPrefix(why, "?") {
			wrong = append(wrong, "accepted, and there no more or without a reason: "+strings.ReplaceAll(f, "\t", " "))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("%s\nMend it, or name it with its reason in %s", strings.Join(wrong, "\n"), path)
	}
	fmt.Printf("gosec: %d findings, each accepted in %s\n", len(found), path)
	return nil
}

// lineOf is the line of a finding, without the lines around it.
func lineOf(code, number string) string {
	number, _, _ = strings.Cut(number, "-")
	numbered := regexp.MustCompile(`^(\d+):\s*(.*)$`)
	for line := range strings.Lines(code) {
		if m := numbered.FindStringSubmatch(strings.TrimSpace(line)); m != nil && m[1] == number {
			return strings.Join(strings.Fields(m[2]), " ")
		}
	}
	return ""
}

// read reads the accepted findings with their reasons: rule, file, line, reason, separated
// by tabs.
func read(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	accepted := map[string]string{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		at := strings.LastIndexByte(line, '\t')
		if at < 0 || strings.Count(line, "\t") != 3 {
			return nil, fmt.Errorf("%s: %q is not rule, file, line and reason", path, line)
		}
		accepted[line[:at]] = line[at+1:]
	}
	return accepted, nil
}

func writeAll(path string, found map[string]int, accepted map[string]string) error {
	var all []string
	for f := range found {
		why := accepted[f]
		if why == "" {
			why = "?"
		}
		all = append(all, f+"\t"+why)
	}
	slices.Sort(all)
	head := "# Accepted findings of gosec with their reasons: rule, file, line, reason, with tabs between.\n"
	return os.WriteFile(path, []byte(head+strings.Join(all, "\n")+"\n"), 0o644)
}
