package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"aadsshlogin-handler/internal/doctor"
	"aadsshlogin-handler/internal/fault"
)

// doctor looks at the machine for a person. Its exit code is the verdict's.
func (p Process) doctor(code *fault.Code) *cobra.Command {
	var asJSON, all, brief, merge bool
	var only, skip []string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what keeps people from signing in, and say what to do",
		Long: `doctor looks at everything that enable looks at and at what only a person asks
for: the endpoints, the clock, the agent, firewall, disks, recent sign-ins. It
changes nothing. The endpoints are asked side by side, for 5 seconds at most.

The exit code is the verdict's: 0 where nothing is broken, else the code of the
first failure, which "explain" tells more about. Without root it says unknown
where only root can see.

With --merge it looks at no machine: it reads the reports of many, as --json
prints them, from files ("-" is standard input), and says which causes there
are, on which machines; the exit code is then the highest of all.`,
		Example: "  sudo /usr/local/bin/aadsshlogin-handler doctor\n  sudo /usr/local/bin/aadsshlogin-handler doctor --only identity,network-role-check\n  sudo /usr/local/bin/aadsshlogin-handler doctor --json | jq .verdict\n  aadsshlogin-handler doctor --merge reports/*.json",
		GroupID: groupPeople,
		Args: func(c *cobra.Command, args []string) error {
			if merge {
				return cobra.MinimumNArgs(1)(c, args)
			}
			return cobra.NoArgs(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if merge {
				return p.merge(c, args, asJSON, code)
			}
			report, err := p.diagnose(c.Context(), only, skip)
			if err != nil {
				return err
			}
			*code = fault.Code(report.Verdict.Code)
			if asJSON {
				return printJSON(c.OutOrStdout(), report)
			}
			if brief {
				fmt.Fprint(c.OutOrStdout(), report.Brief())
				return nil
			}
			style := p.style()
			style.All = all
			fmt.Fprint(c.OutOrStdout(), report.Text(style))
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON as misc/doctor.schema.json describes it")
	c.Flags().BoolVar(&all, "all", false, "show what is well, too")
	c.Flags().BoolVar(&brief, "brief", false, "print at most 4096 bytes, which is what Run Command keeps, the verdict first")
	c.Flags().BoolVar(&merge, "merge", false, "sum up the reports in these files, which --json printed on many machines")
	c.Flags().StringSliceVar(&only, "only", nil, "run these checks alone, separated by commas")
	c.Flags().StringSliceVar(&skip, "skip", nil, "leave these checks out")
	c.MarkFlagsMutuallyExclusive("json", "all", "brief")
	for _, flag := range []string{"all", "brief", "only", "skip"} {
		c.MarkFlagsMutuallyExclusive("merge", flag)
	}
	completeChecks(c, "only", "skip")
	return c
}

// diagnose runs doctor's checks and shows meanwhile which.
func (p Process) diagnose(ctx context.Context, only, skip []string) (doctor.Report, error) {
	o := p.options()
	o.Only, o.Skip = only, skip
	show, done := p.progress()
	defer done()
	o.Progress = show
	return doctor.Run(ctx, o)
}

// completeChecks has a shell complete the names of checks in flags.
func completeChecks(c *cobra.Command, flags ...string) {
	names := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return doctor.Names(), cobra.ShellCompDirectiveNoFileComp
	}
	for _, flag := range flags {
		if err := c.RegisterFlagCompletionFunc(flag, names); err != nil {
			panic(err) // the command has no such flag
		}
	}
}

// merge sums up the reports of many machines.
func (p Process) merge(c *cobra.Command, files []string, asJSON bool, code *fault.Code) error {
	var fleet doctor.Fleet
	for _, name := range files {
		if err := addReports(&fleet, c.InOrStdin(), name); err != nil {
			return err
		}
	}
	*code = fault.Code(fleet.Worst())
	if asJSON {
		return printJSON(c.OutOrStdout(), fleet.Summary())
	}
	fmt.Fprint(c.OutOrStdout(), fleet.Summary().Text(p.style()))
	return nil
}

func addReports(fleet *doctor.Fleet, in io.Reader, name string) error {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fault.Wrap(err, fault.Usage, "The report cannot be read: "+err.Error()+".", "Name files that doctor --json printed.")
		}
		defer f.Close()
		in = f
	}
	return fleet.Add(name, in)
}
