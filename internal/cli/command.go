// Package cli is the command line: it turns arguments into a request, and the result into
// an exit code. Only this package imports cobra.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"aadssh/internal/fault"
	"aadssh/internal/names"
)

// Process is the started process.
type Process struct {
	Version string
	Args    []string // without the program's name
	UID     int      // of the user who runs it
	Getenv  func(string) string
	Out     io.Writer
	Err     io.Writer
}

// Execute runs the command that the arguments name and returns the exit code.
func Execute(ctx context.Context, p Process) fault.Code {
	code := fault.OK
	root := p.root(&code)
	out := &told{to: p.Out}
	root.SetArgs(p.Args)
	root.SetOut(out)
	root.SetErr(p.Err)
	onlyKnownShells(root) // after the output is set, because they print to it
	knownTopics(root)
	meant, err := root.ExecuteContextC(ctx)
	if out.err != nil && (err == nil && code == fault.OK || errors.Is(err, out.err)) {
		// A caller that only reads the exit code must not mistake missing output for an
		// answer.
		err = fault.Wrap(out.err, fault.Disk, "The answer could not be printed: "+out.err.Error()+".", "See where there is room (df -h), and run it again with its output there.")
	}
	if err != nil {
		var f *fault.Fault
		if errors.As(err, &f) {
			return p.complain(f)
		}
		return p.complain(plainly(meant, err)) // these are cobra's own errors about arguments
	}
	return code
}

// complain prints a fault and returns its code.
func (p Process) complain(f *fault.Fault) fault.Code {
	what, next := f.Lines()
	fmt.Fprintf(p.Err, "%s\n%s\n", what, next)
	return f.Code
}

// told is an output that remembers a failed write.
type told struct {
	_ [0]func() // never compared: no code for == is linked

	to  io.Writer
	err error // the first one
}

func (o *told) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

func (p Process) root(code *fault.Code) *cobra.Command {
	root := &cobra.Command{
		Use:   "aadsshlogin-handler COMMAND",
		Short: "Let people sign in to this machine with Microsoft Entra ID",
		Long: `aadsshlogin-handler is a handler for the VM extension ` + names.Ours().Type + `.

The Azure Linux agent runs it with install, enable, disable, update and
uninstall. Their results are in the extension's status, in their exit
code (see "explain") and in handler.log in the extension's log folder.`,
		Version:                    p.Version,
		SilenceUsage:               true,
		SilenceErrors:              true,
		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
		Args:                       knownCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			return fault.New(fault.Usage, "A command is missing.", helpOf(c)+"; to look at this machine: sudo "+pathOf(c)+" doctor")
		},
	}
	root.SetCompletionCommandGroupID(groupPeople)
	root.AddGroup(&cobra.Group{ID: groupAgent, Title: "What the agent runs:"}, &cobra.Group{ID: groupStandalone, Title: "Without the agent:"}, &cobra.Group{ID: groupPeople, Title: "For people:"})
	root.SetHelpCommandGroupID(groupPeople)
	for _, o := range p.operations(code) {
		root.AddCommand(o)
	}
	root.AddCommand(p.setup(code), p.remove(code), p.doctor(code), p.plan(code), p.status(code), p.bundle(), p.explain(), p.version(), p.watch(code))
	root.SetFlagErrorFunc(wrongOption)
	return root
}

// knownCommand rejects an unknown command and suggests similar ones.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("%q is not a command of %s", args[0], c.Name())
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		text += "; did you mean " + strings.Join(like, " or ") + "?"
	}
	return errors.New(text)
}

const (
	groupAgent  = "agent"
	groupPeople = "people"
)

func (p Process) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this handler",
		GroupID: groupPeople,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), p.Version)
			return nil
		},
	}
}
