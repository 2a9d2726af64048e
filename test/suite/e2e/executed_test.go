//go:build rig

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/stage"
)

// executed are all commands of our extension that the agent has run, in order, as
// OPERATION@VERSION.
func (s *scenario) executed() ([]string, error) {
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
func ran(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
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
func (s *scenario) everyOutput() {
	content, err := s.ReadFile(s.log("CommandExecution.log"))
	if errors.Is(err, fs.ErrNotExist) {
		return // 2.2.47 has no such log
	}
	s.Must(err)
	pattern := regexp.MustCompile(`(?s)Command: bin/aadsshlogin-handler (\S+)[^\n]*\n\[stdout\]\n(.*?)\n?\[stderr\]\n(.*?)(?:\n?\d{4}[-/]|$)`)
	for _, block := range pattern.FindAllStringSubmatch(string(content), -1) {
		out, errs := strings.TrimSpace(block[2]), strings.TrimSpace(block[3])
		if n := strings.Count(out, "\n") + 1; out == "" || n > 3 || len(out)+len(errs) >= 3000 {
			s.T.Errorf("%s printed %d lines, %d bytes: %.300s", block[1], n, len(out)+len(errs), out)
		}
	}
}

// secrets fails the test if a secret of the script was uploaded or logged.
func (s *scenario) secrets() {
	texts := map[string]string{"the telemetry": strings.Join(s.fabric.Telemetry(), "\n")}
	for i, st := range s.fabric.Statuses() {
		texts[fmt.Sprintf("upload %d", i)] = string(st.Raw)
	}
	for _, name := range []string{"/var/log/waagent.log", s.log("handler.log"), s.log("CommandExecution.log")} {
		content, err := s.ReadFile(name)
		if err == nil {
			texts[name] = string(content)
		}
	}
	stage.NoSecret(s.T, texts, "hunter2") // the passwords in the scripts begin with it
}
