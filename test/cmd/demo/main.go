// Command demo runs the main job of the handler on throw-away machines with
// the real package manager, and prints what the agent and the portal would see.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// act is one machine and what happens on it.
type act struct {
	title   string
	want    int // exit code of enable
	options scene.Options
	before  func(context.Context, *scene.Scene) error
	after   func(context.Context, *scene.Scene) error
}

func main() {
	verbose := flag.Bool("v", false, "show every operation, and the substatuses that the portal shows")
	shell := flag.Bool("shell", false, "open a shell on the machine that $MACHINE names, or on the first of them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "make demo needs root: its machines are made of namespaces and mounts. Run: sudo make demo")
		os.Exit(2)
	}
	if *shell {
		if err := try(ctx, os.Getenv("MACHINE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	wrong := 0
	for i, a := range acts() {
		fmt.Printf("\n%d. %s\n", i+1, a.title)
		if err := play(ctx, a, *verbose); err != nil {
			fmt.Fprintf(os.Stderr, "NOT AS IT SHOULD BE: %v\n", err)
			wrong++
		}
	}
	if wrong > 0 {
		fmt.Fprintf(os.Stderr, "\n%d of %d acts went wrong.\n", wrong, len(acts()))
		os.Exit(1)
	}
	fmt.Printf("\nAll %d acts ended as they should (-v shows more).\n", len(acts()))
}

func play(ctx context.Context, a act, verbose bool) error {
	s, err := scene.Start(ctx, a.options)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := sshd(ctx, s); err != nil {
		return err
	}
	if a.before != nil {
		if err := a.before(ctx, s); err != nil {
			return err
		}
	}
	report, err := s.Agent.Apply(ctx, s.Goal())
	if err != nil {
		return err
	}
	last := report.Runs[len(report.Runs)-1]
	show(report, verbose)
	if last.Operation != "enable" || last.ExitCode != a.want {
		return fmt.Errorf("%s ended with %d, not enable with %d", last.Operation, last.ExitCode, a.want)
	}
	if a.after == nil {
		return nil
	}
	return a.after(ctx, s)
}

// life is the rest of an extension's life; each step must end with 0.
func life(ctx context.Context, s *scene.Scene) error {
	goal := s.Goal()
	for _, step := range []struct {
		name string
		do   func(context.Context, agentrun.Goal) (agentrun.Report, error)
	}{{"enable again", s.Agent.Apply}, {"disable", s.Agent.Disable}, {"uninstall", s.Agent.Uninstall}} {
		report, err := step.do(ctx, goal)
		if err != nil {
			return err
		}
		last := report.Runs[len(report.Runs)-1]
		fmt.Printf("   then %s: %d, in %s\n", step.name, last.ExitCode, last.Elapsed.Round(time.Millisecond))
		if last.ExitCode != 0 {
			return fmt.Errorf("%s ended with %d", step.name, last.ExitCode)
		}
	}
	return nil
}

// sshd starts the SSH service, which runs on every real machine.
func sshd(ctx context.Context, s *scene.Scene) error {
	_, err := s.Script(ctx, scene.StartSSHD)
	return err
}

// asks leaves out checks for which the machine has no network, no running agent, and no
// log.
const asks = "doctor --skip network-repository,network-role-check,network-login,sign-in-errors,agent"

// doctor shows its output for a person on the machine.
func doctor(ctx context.Context, s *scene.Scene) error {
	const program = "/usr/local/sbin/aadsshlogin-handler"
	if err := s.WriteFile(program, s.Package()["bin/aadsshlogin-handler"].Data, 0o755); err != nil {
		return err
	}
	r, err := s.Run(ctx, box.Environment(), append([]string{program}, strings.Fields(asks)...)...)
	if err != nil {
		return err
	}
	fmt.Printf("   $ sudo aadsshlogin-handler %s    (exit code %d)\n", asks, r.ExitCode)
	for line := range strings.Lines(r.Output()) {
		fmt.Print("   | ", line)
	}
	return nil
}

// show prints the verdict of enable: its code, what is wrong, and what to do. With verbose
// it prints everything that the agent saw.
func show(r agentrun.Report, verbose bool) {
	last := r.Runs[len(r.Runs)-1]
	if !verbose {
		lines := strings.Split(strings.TrimSpace(last.Stdout+last.Stderr), "\n")
		fmt.Printf("   code %-3d %s\n", last.ExitCode, strings.Join(lines, "\n            "))
		return
	}
	for _, run := range r.Runs {
		fmt.Printf("   $ aadsshlogin-handler %-9s exit %d, %s\n", run.Operation, run.ExitCode, run.Elapsed.Round(time.Millisecond))
		for line := range strings.Lines(run.Stdout + run.Stderr) {
			fmt.Print("     | ", line)
		}
	}
	if e := r.Extension; e != nil {
		fmt.Printf("   portal: handler %s %d, extension %s %v\n", r.Handler.Status, r.Handler.Code, e.Status, e.Code)
		for _, sub := range e.Substatus {
			fmt.Printf("     %-24s %-8s %s\n", sub.Name, sub.Status, sub.Message)
		}
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
		{title: "A healthy machine: Ubuntu 22.04", options: scene.Options{Persona: jammy}, after: life},
		{title: "No identity", want: 22, options: scene.Options{Persona: jammy}, before: token(metadata.NoIdentity())},
		{title: "Only a user-assigned identity", want: 22, options: scene.Options{Persona: jammy},
			before: token(metadata.TokenOf(metadata.UserAssignedID("rg", "build-agents")))},
		{title: "Memory too small: 768 MiB", want: 24, options: scene.Options{Persona: jammy, Box: box.Options{Memory: &box.Memory{Size: 768 << 20}}}},
		{title: "The repository is down", want: 20, options: scene.Options{Persona: jammy, Timeout: 20e9},
			before: func(_ context.Context, s *scene.Scene) error { s.Packages.Down(); return nil }},
		{title: "The repository serves a key that nobody pinned", want: 27, options: scene.Options{Persona: jammy},
			before: func(_ context.Context, s *scene.Scene) error {
				s.Packages.File("/keys/microsoft.asc", keys.Wrong().Public)
				return nil
			}},
		{title: "Another program holds the package lock", want: 25, options: scene.Options{Persona: jammy, Timeout: 15e9},
			before: func(ctx context.Context, s *scene.Scene) error { return s.HoldLock(ctx) }},
		{title: "Somebody has restricted who may sign in, and asks doctor", want: 21, options: scene.Options{Persona: jammy},
			before: func(_ context.Context, s *scene.Scene) error {
				old, err := s.ReadFile("/etc/ssh/sshd_config")
				if err != nil {
					return err
				}
				return s.WriteFile("/etc/ssh/sshd_config", append([]byte("AllowGroups admins\n"), old...), 0o644)
			}, after: doctor},
	}
}
