// Package command is the command line: arguments become a request, and what
// comes back becomes an exit code. It is the only import of cobra.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/names"
)

// Process is the process as it was started.
type Process struct {
	Version string
	Args    []string // without the program's name
	UID     int      // of who runs it
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
	err := root.ExecuteContext(ctx)
	if out.err != nil && (err == nil && code == fault.OK || errors.Is(err, out.err)) {
		// Who reads the exit code alone must not take nothing for an answer.
		err = fault.Wrap(out.err, fault.Disk, "The answer could not be printed: "+out.err.Error()+".", "Run it again with its output where there is room for it.")
	}
	if err != nil {
		var f *fault.Fault
		if errors.As(err, &f) {
			fmt.Fprintf(p.Err, "%s\n%s\n", f.What, f.Remedy())
			return f.Code
		}
		// What is left are cobra's own complaints about arguments.
		fmt.Fprintf(p.Err, "%s\nRun %s --help for what it can do.\n", err, root.Name())
		return fault.Usage
	}
	return code
}

// told is an output that remembers that it could not be written.
type told struct {
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
uninstall. What they came to stands in the extension's status, in their exit
code (see "explain") and in handler.log in the extension's log folder.`,
		Version:                    p.Version,
		SilenceUsage:               true,
		SilenceErrors:              true,
		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
		Args:                       knownCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			return errors.New("a command is missing")
		},
	}
	root.SetCompletionCommandGroupID(groupPeople)
	root.AddGroup(&cobra.Group{ID: groupAgent, Title: "What the agent runs:"}, &cobra.Group{ID: groupStandalone, Title: "Without the agent:"}, &cobra.Group{ID: groupPeople, Title: "For people:"})
	root.SetHelpCommandGroupID(groupPeople)
	for _, o := range p.operations(code) {
		root.AddCommand(o)
	}
	root.AddCommand(p.setup(code), p.remove(code), p.doctor(code), p.plan(code), p.status(code), p.bundle(), p.explain(), p.version(), p.watch(code))
	return root
}

// knownCommand refuses what is no command, and names the ones it may have meant.
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
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), p.Version)
			return nil
		},
	}
}

func (p Process) explain() *cobra.Command {
	return &cobra.Command{
		Use:     "explain CODE|NAME",
		Short:   "Say what an exit code means and what to do about it",
		Example: "  aadsshlogin-handler explain 22\n  aadsshlogin-handler explain identity-missing",
		GroupID: groupPeople,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("explain needs one code or name, for example: explain 22")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if text := fault.Foreign(args[0]); text != "" {
				fmt.Fprintln(c.OutOrStdout(), text)
				return nil
			}
			entry, ok := fault.Find(args[0])
			if !ok {
				return fmt.Errorf("%q is not an exit code of this handler, nor the name of one. Codes: %s", args[0], fault.Codes())
			}
			fmt.Fprint(c.OutOrStdout(), entry.Text())
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, e := range fault.Catalogue() {
				names = append(names, e.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
