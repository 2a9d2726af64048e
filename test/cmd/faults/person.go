package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"aadssh/internal/agent"
	"aadssh/status"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/scene"
)

// person runs setup or remove as a person would, or a check of the watch as systemd would,
// under the tracer.
func person(operation string) func(context.Context, *stage) (agentrun.Report, error) {
	return func(ctx context.Context, s *stage) (agentrun.Report, error) {
		const program = faultsDir + "/bin/aadsshlogin-handler"
		for path, content := range map[string][]byte{program: tracer().binary, faultsDir + "/bin/handler": s.handler} {
			if s.Exists(path) {
				continue // it may be running already
			}
			if err := s.WriteFile(path, content, 0o755); err != nil {
				return agentrun.Report{}, err
			}
		}
		r, err := s.Run(ctx, nil, program, operation)
		if err != nil {
			return agentrun.Report{}, err
		}
		report := agentrun.Report{Runs: []agentrun.Run{{Operation: operation, ExitCode: r.ExitCode, Stdout: string(r.Stdout), Stderr: string(r.Stderr)}}}
		if operation == "remove" {
			return report, nil
		}
		folder := agent.StandaloneDir
		if operation == "watch" {
			folder = agentrun.Dir(scene.HandlerVersion)
		}
		report.Handler.Status = "Ready" // there is no agent that could report it
		said, err := status.Read(filepath.Join(s.Root(), folder, "status"), 0)
		switch {
		case errors.Is(err, fs.ErrNotExist): // told and verdictOf decide whether there has to be one
		case err != nil:
			report.Extension = &agentrun.Extension{Invalid: err.Error()}
		default:
			report.Extension = &agentrun.Extension{Operation: said.Operation, Status: string(said.Level), Code: said.Code, Message: said.Message}
		}
		return report, nil
	}
}

// decides reports whether an operation has to leave a status that says how it ended.
func decides(operation string) bool { return operation == "enable" || operation == "setup" }

// setUp prepares a machine that a person has set up, and then runs more.
func setUp(more ...func(context.Context, *stage) (agentrun.Report, error)) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		for _, act := range append([]func(context.Context, *stage) (agentrun.Report, error){person("setup")}, more...) {
			report, err := act(ctx, s)
			if err != nil {
				return err
			}
			if wrong := verdictOf(report, false); wrong != "" {
				return fmt.Errorf("the machine could not be prepared: %s\n%s", wrong, s.HandlerLog())
			}
		}
		return nil
	}
}
