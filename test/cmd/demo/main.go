// Command demo runs the main job of the handler on throw-away machines with
// the real package manager, and prints what the agent and the portal would see.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/metadata"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// act is one machine and what happens to it.
type act struct {
	title   string
	want    int // exit code of enable
	options scene.Options
	before  func(context.Context, *scene.Scene) error
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "make demo needs root: its machines are made of namespaces and mounts. Run: sudo make demo")
		os.Exit(2)
	}
	wrong := 0
	for i, a := range acts() {
		fmt.Printf("\n=== %d. %s\n", i+1, a.title)
		if err := play(ctx, a); err != nil {
			fmt.Fprintf(os.Stderr, "NOT AS IT SHOULD BE: %v\n", err)
			wrong++
		}
	}
	if wrong > 0 {
		fmt.Fprintf(os.Stderr, "\n%d of %d acts went wrong.\n", wrong, len(acts()))
		os.Exit(1)
	}
	fmt.Printf("\nAll %d acts ended as they should.\n", len(acts()))
}

func play(ctx context.Context, a act) error {
	s, err := scene.Start(ctx, a.options)
	if err != nil {
		return err
	}
	defer s.Close()
	if a.before != nil {
		if err := a.before(ctx, s); err != nil {
			return err
		}
	}
	goal := s.Goal()
	report, err := s.Agent.Apply(ctx, goal)
	if err != nil {
		return err
	}
	show(report)
	if report.Runs[0].Operation == "install" && report.Runs[0].ExitCode == 0 && a.want != 0 {
		fmt.Println("(install prepares, enable decides: hence exit 0 of install above)")
	}
	if a.want == 0 {
		fmt.Println("(a throw-away machine has no sshd running and no systemd: hence the two warnings)")
	}
	last := report.Runs[len(report.Runs)-1]
	if last.Operation != "enable" || last.ExitCode != a.want {
		return fmt.Errorf("%s ended with %d, not enable with %d", last.Operation, last.ExitCode, a.want)
	}
	if a.want != 0 {
		return nil
	}
	fmt.Println("--- the agent starts again, then disables, enables and deletes the extension")
	again, err := s.Agent.Apply(ctx, goal)
	if err != nil {
		return err
	}
	show(again)
	off, err := s.Agent.Disable(ctx, goal)
	if err != nil {
		return err
	}
	show(off)
	gone, err := s.Agent.Uninstall(ctx, goal)
	if err != nil {
		return err
	}
	show(gone)
	return nil
}

// show prints what the agent saw.
func show(r agentrun.Report) {
	for _, run := range r.Runs {
		fmt.Printf("$ aadsshlogin-handler %-9s exit %d, %s\n", run.Operation, run.ExitCode, run.Elapsed.Round(1e6))
		for line := range strings.Lines(run.Stdout + run.Stderr) {
			fmt.Print("  | ", line)
		}
	}
	if r.Handler.Status != "" {
		fmt.Printf("portal: handler %s %d", r.Handler.Status, r.Handler.Code)
		if e := r.Extension; e != nil {
			fmt.Printf(", extension %s %v: %s\n", e.Status, e.Code, e.Message)
			for _, sub := range e.Substatus {
				fmt.Printf("        %-24s %-8s %s\n", sub.Name, sub.Status, sub.Message)
			}
			return
		}
		fmt.Println()
	}
}

func acts() []act {
	jammy := roots.Ubuntu("22.04")
	token := func(a metadata.Answer) func(context.Context, *scene.Scene) error {
		return func(_ context.Context, s *scene.Scene) error {
			s.Metadata.Always(metadata.TokenPath, a)
			return nil
		}
	}
	return []act{
		{title: "A healthy machine: Ubuntu 22.04", options: scene.Options{Persona: jammy}},
		{title: "No identity", want: 22, options: scene.Options{Persona: jammy}, before: token(metadata.NoIdentity())},
		{title: "Only a user-assigned identity", want: 22, options: scene.Options{Persona: jammy},
			before: token(metadata.TokenOf(metadata.UserAssignedID("rg", "build-agents")))},
		{title: "Memory too small: 768 MiB", want: 24, options: scene.Options{Persona: jammy, Box: box.Options{Memory: &box.Memory{Size: 768 << 20}}}},
		{title: "The repository is down", want: 20, options: scene.Options{Persona: jammy, Timeout: 20e9},
			before: func(_ context.Context, s *scene.Scene) error { s.Packages.Down(); return nil }},
		{title: "The repository serves a key that nobody pinned", want: 27, options: scene.Options{Persona: jammy},
			before: func(_ context.Context, s *scene.Scene) error {
				s.Packages.File("/keys/microsoft.asc", wrongKey())
				return nil
			}},
		{title: "Another program holds the package lock", want: 25, options: scene.Options{Persona: jammy, Timeout: 15e9},
			before: holdLock},
	}
}
