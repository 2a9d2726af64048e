//go:build rig

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/metadata"
)

// executed are all commands of our extension that the agent has run, in order, as
// OPERATION@VERSION.
func (s *stage) executed() ([]string, error) {
	content, err := s.ReadFile("/var/log/waagent.log")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []string
	pattern := regexp.MustCompile(`\[` + regexp.QuoteMeta(agentrun.Handler) + `-([0-9.]+)\] (Install|Enable|Disable|Update|Uninstall) extension:? \[`)
	for _, m := range pattern.FindAllStringSubmatch(string(content), -1) {
		all = append(all, strings.ToLower(m[2])+"@"+m[1])
	}
	return all, err
}

// ran compares what the agent has run since the last time.
func ran(_ context.Context, s *stage, _ *testscript.TestScript, args []string) error {
	all, err := s.executed()
	if err != nil {
		return err
	}
	got := all[min(s.ran, len(all)):]
	s.ran = len(all)
	same := len(got) == len(args)
	for i := 0; same && i < len(got); i++ {
		operation, _, _ := strings.Cut(got[i], "@")
		same = args[i] == got[i] || args[i] == operation
	}
	if !same {
		return fmt.Errorf("%q", got)
	}
	return nil
}

// everyOutput checks what the agent kept of the output of each of our commands. It keeps
// the first 3,200 bytes of both streams together, and of a longer output neither the first
// nor the last line survives: so the output must be a verdict and what to do, and no more.
func (s *stage) everyOutput() error {
	content, err := s.ReadFile(s.log("CommandExecution.log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // 2.2.47 has no such log
	}
	var wrong []error
	pattern := regexp.MustCompile(`(?s)Command: bin/aadsshlogin-handler (\S+)[^\n]*\n\[stdout\]\n(.*?)\n?\[stderr\]\n(.*?)(?:\n?\d{4}[-/]|$)`)
	for _, block := range pattern.FindAllStringSubmatch(string(content), -1) {
		out, errs := strings.TrimSpace(block[2]), strings.TrimSpace(block[3])
		if n := strings.Count(out, "\n") + 1; out == "" || n > 3 || len(out)+len(errs) >= 3000 {
			wrong = append(wrong, fmt.Errorf("%s printed %d lines, %d bytes: %.300s", block[1], n, len(out)+len(errs), out))
		}
	}
	return errors.Join(append(wrong, err)...)
}

// secrets are the scenario's secrets that were found in something that people or the
// platform read.
func (s *stage) secrets() []string {
	texts := s.fabric.Telemetry()
	for _, st := range s.fabric.Statuses() {
		texts = append(texts, string(st.Raw))
	}
	for _, name := range []string{"/var/log/waagent.log", s.log("handler.log"), s.log("CommandExecution.log")} {
		content, err := s.ReadFile(name)
		if err == nil {
			texts = append(texts, string(content))
		}
	}
	var found []string
	for _, text := range texts {
		for _, secret := range append(metadata.Leaks(text), passwords(text)...) {
			if !slices.Contains(found, secret) {
				found = append(found, secret)
			}
		}
	}
	return found
}

// passwords are the passwords that scripts use as secrets.
func passwords(text string) []string {
	return regexp.MustCompile(`hunter2\w*`).FindAllString(text, -1)
}
