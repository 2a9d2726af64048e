package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"aadsshlogin-handler/internal/doctor"
	"aadsshlogin-handler/internal/fault"
)

// doctor looks at the machine for a person. Its exit code is the verdict's.
func (p Process) doctor(code *fault.Code) *cobra.Command {
	var asJSON bool
	var only, skip []string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what keeps people from signing in, and say what to do",
		Long: `doctor looks at everything that enable looks at and at what only a person asks
for: the endpoints, the clock, the agent, firewall, disks, recent sign-ins. It
changes nothing. The endpoints are asked side by side, for 5 seconds at most.

The exit code is the verdict's: 0 where nothing is broken, else the code of the
first failure, which "explain" tells more about. Without root it says unknown
where only root can see.`,
		Example: "  sudo /usr/local/bin/aadsshlogin-handler doctor\n  sudo /usr/local/bin/aadsshlogin-handler doctor --only network,identity\n  sudo /usr/local/bin/aadsshlogin-handler doctor --json | jq .verdict",
		GroupID: groupPeople,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o := p.options()
			o.Only, o.Skip = only, skip
			show, done := p.progress()
			o.Progress = show
			report, err := doctor.Run(c.Context(), o)
			done()
			if err != nil {
				return err
			}
			*code = fault.Code(report.Verdict.Code)
			if asJSON {
				return printJSON(c.OutOrStdout(), report)
			}
			fmt.Fprint(c.OutOrStdout(), report.Text(p.style()))
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON as misc/doctor.schema.json describes it")
	c.Flags().StringSliceVar(&only, "only", nil, "run these checks or sections alone, separated by commas")
	c.Flags().StringSliceVar(&skip, "skip", nil, "leave these checks or sections out")
	names := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return doctor.Names(), cobra.ShellCompDirectiveNoFileComp
	}
	for _, flag := range []string{"only", "skip"} {
		if err := c.RegisterFlagCompletionFunc(flag, names); err != nil {
			panic(err) // the flag stands three lines above
		}
	}
	return c
}
