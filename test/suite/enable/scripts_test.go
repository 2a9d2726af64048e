//go:build rig

package enable

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/internal/fault"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
	"aadssh/test/lib/words"
)

// TestScripts runs the scripts in the folder scripts, each on a separate machine.
// docs/contributing.md shows how to write one.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "scripts",
		Cmds:               commands(),
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			t, is := env.T().(testing.TB)
			if !is {
				return fmt.Errorf("%T is no test", env.T())
			}
			env.Values[actKey{}] = &act{t: t}
			return nil
		},
	})
}

type actKey struct{}

// act is a running script.
type act struct {
	*stage.Stage // nil before the word "machine"
	t            testing.TB
	before       box.Snapshot
	last         stage.Verdict
}

// commands are the words of scripts.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	out := map[string]func(*testscript.TestScript, bool, []string){}
	for name, do := range map[string]func(*act, *testscript.TestScript, []string) error{
		// What exists.
		"machine":  startMachine, // machine RELEASE: the first word of a script; the releases are in test/lib/roots/release.go
		"offer":    offer,        // offer [NAME=VERSION[,VARIANT]...]...: the content of the vendor's repository
		"host":     hostIs,       // host down|up: whether the package host can be reached
		"identity": identity,     // identity system|user|none|garbage|page: what the metadata service answers; a page is a guest network's
		"settings": settings,     // settings JSON: the goal state has these, from the next "enable" on
		"update":   update,       // update VERSION: the goal state has this version of the extension, from the next "enable" on
		"file":     file,         // file PATH NAME: writes the script's file NAME to PATH on the machine
		// What happens.
		"vm":        vm,        // vm SCRIPT: runs it there, and it must succeed; its output is stdout
		"fails":     fails,     // fails SCRIPT: runs it there, and it must fail, which shows that an obstacle has its effect
		"enable":    enable,    // enable CODE [TEXT]...: the agent runs, enable must end with CODE, and the status must have each TEXT
		"disable":   disable,   // disable: the agent runs, and it must end with 0
		"uninstall": uninstall, // uninstall [TEXT]...: the agent runs, it must end with 0, and its output must have each TEXT
		"sshd":      sshd,      // sshd: starts the SSH service, which a machine without systemd does not by itself
		"doctor":    doctor,    // doctor CODE [TEXT]...: a person runs it on the machine, without the checks for which a box has no network or agent
		"status":    statusOf,  // status CODE [TEXT]...: a person runs it
		// What must be true.
		"first":     first,     // first TEXT...: the first line of enable's output has each TEXT
		"warns":     warns,     // warns NAME [TEXT]...: the status has that warning, with each TEXT
		"has":       has,       // has NAME VERSION|absent: according to the package database
		"snapshot":  snapshot,  // from here on
		"unchanged": unchanged, // unchanged [PATH]...: nothing was written since "snapshot", but the status, settings and logs, and below the paths
		"asked":     asked,     // asked nothing: the package host got no request since the machine was started
	} {
		out[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			a := ts.Value(actKey{}).(*act)
			if neg {
				ts.Fatalf("%s cannot be negated", name)
			}
			if a.Stage == nil && name != "machine" {
				ts.Fatalf("%s: no machine yet", name)
			}
			if err := do(a, ts, args); err != nil {
				ts.Fatalf("%s: %v", name, err)
			}
		}
	}
	return out
}

func startMachine(a *act, _ *testscript.TestScript, args []string) error {
	if len(args) != 1 || a.Stage != nil {
		return fmt.Errorf("RELEASE, once, not %q", args)
	}
	a.Stage = newMachine(a.t, scene.Options{Persona: stage.Release(a.t, args[0])}).Stage
	a.ImageKeys()
	return nil
}

func offer(a *act, _ *testscript.TestScript, args []string) error {
	packages, err := words.Offer(args)
	if err == nil {
		a.Offer(packages...)
	}
	return err
}

func hostIs(a *act, _ *testscript.TestScript, args []string) error {
	return words.Host(a.Packages, args)
}

func identity(a *act, _ *testscript.TestScript, args []string) error {
	return words.Identity(a.Metadata, "rg", "vm", args)
}

func settings(a *act, _ *testscript.TestScript, args []string) error {
	a.Set(strings.Join(args, " "))
	return nil
}

func update(a *act, _ *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("VERSION, not %q", args)
	}
	a.GoalState.Version = args[0]
	return nil
}

func file(a *act, ts *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("PATH NAME, not %q", args)
	}
	a.Write(args[0], ts.ReadFile(args[1]))
	return nil
}

func vm(a *act, ts *testscript.TestScript, args []string) error {
	_, err := fmt.Fprint(ts.Stdout(), a.Sh(strings.Join(args, " ")))
	return err
}

func fails(a *act, _ *testscript.TestScript, args []string) error {
	a.Fails("%s", strings.Join(args, " "))
	return nil
}

func enable(a *act, _ *testscript.TestScript, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("CODE [TEXT]..., not nothing")
	}
	code, err := strconv.Atoi(args[0])
	if err == nil {
		a.last = a.Want(fault.Code(code), args[1:]...)
	}
	return err
}

func disable(a *act, _ *testscript.TestScript, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("nothing, not %q", args)
	}
	report, err := a.Agent.Disable(a.T.Context(), a.GoalState)
	return ended(report, err, "disable")
}

func uninstall(a *act, _ *testscript.TestScript, args []string) error {
	report, err := a.Agent.Uninstall(a.T.Context(), a.GoalState)
	return ended(report, err, "uninstall", args...)
}

// ended is the error of an operation that did not end with 0, was not the last one, or did
// not print all texts.
func ended(report agentrun.Report, err error, operation string, texts ...string) error {
	if err != nil {
		return err
	}
	if len(report.Runs) == 0 {
		return fmt.Errorf("the agent ran nothing")
	}
	last := report.Runs[len(report.Runs)-1]
	if last.Operation != operation || last.ExitCode != 0 {
		return fmt.Errorf("%s ended with %d\n%s", last.Operation, last.ExitCode, last.Captured)
	}
	return says(last.Stdout, texts)
}

func says(output string, texts []string) error {
	for _, text := range texts {
		if !strings.Contains(output, text) {
			return fmt.Errorf("it does not say %q:\n%s", text, output)
		}
	}
	return nil
}

// boxed leaves out doctor's checks that need more than a box has: there is no network, no
// running agent, and no log.
const boxed = "--skip network-repository,network-role-check,network-login,sign-in-errors,agent"

func doctor(a *act, ts *testscript.TestScript, args []string) error {
	return ask(a, ts, "doctor "+boxed, args)
}

func statusOf(a *act, ts *testscript.TestScript, args []string) error {
	return ask(a, ts, "status", args)
}

// ask runs a command as a person would; it must end with a code and print all texts. Its
// output is stdout.
func ask(a *act, ts *testscript.TestScript, command string, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("CODE [TEXT]..., not nothing")
	}
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	const program = "/opt/person/aadsshlogin-handler"
	a.WriteMode(program, string(a.Package()["bin/aadsshlogin-handler"].Data), 0o755)
	r := a.Try(program + " " + command)
	if _, err := fmt.Fprint(ts.Stdout(), string(r.Stdout)); err != nil {
		return err
	}
	if r.ExitCode != code {
		return fmt.Errorf("exit %d\n%s", r.ExitCode, r.Output())
	}
	return says(r.Output(), args[1:])
}

func sshd(a *act, _ *testscript.TestScript, _ []string) error {
	a.SSHD()
	return nil
}

func first(a *act, _ *testscript.TestScript, args []string) error {
	a.last.First(args...)
	return nil
}

func warns(a *act, _ *testscript.TestScript, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("NAME [TEXT]..., not nothing")
	}
	a.last.Warns(args[0], args[1:]...)
	return nil
}

func has(a *act, _ *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("NAME VERSION|absent, not %q", args)
	}
	a.Has(args[0], strings.TrimSuffix(args[1], "absent"))
	return nil
}

func snapshot(a *act, _ *testscript.TestScript, _ []string) error {
	a.before = a.Snapshot()
	return nil
}

func unchanged(a *act, _ *testscript.TestScript, args []string) error {
	if a.before == nil {
		return fmt.Errorf("since when? No snapshot was taken")
	}
	a.Unchanged(a.before, args...)
	return nil
}

func asked(a *act, _ *testscript.TestScript, args []string) error {
	if r := a.Packages.Requests(); len(r) > 0 || !slices.Equal(args, []string{"nothing"}) {
		return fmt.Errorf("%v", r)
	}
	return nil
}
