package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
)

// plan shows what an operation would change. Its exit code is the one that the operation
// would end with.
func (p Process) plan(code *fault.Code) *cobra.Command {
	var asJSON, newest bool
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what enable would change on this machine, and change nothing",
		Long: `plan prints every step that enable would take: what it would fetch, the files
it would write and the commands it would run, as they would be typed. It takes
no lock and changes nothing. The exit code is the
one that enable would end with if every step did what it is for; where a check
would stop enable, or fail after it, it says which.

Passwords are shown as ***.`,
		Example: "  sudo /usr/local/bin/aadsshlogin-handler plan\n  aadsshlogin-handler plan --json | jq -r '.steps[].commands[]?'",
		GroupID: groupPeople,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			operation := "enable"
			if newest {
				operation = "install"
			}
			return p.showPlan(c, p.options(), operation, asJSON, code)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON as misc/plan.schema.json describes it")
	c.Flags().BoolVar(&newest, "newest", false, "plan install instead, which also updates to the newest version")
	return c
}

// showPlan prints the plan of an operation.
func (p Process) showPlan(c *cobra.Command, o doctor.Options, operation string, asJSON bool, code *fault.Code) error {
	report, err := doctor.Plan(c.Context(), o, operation)
	if err != nil {
		return err
	}
	*code = fault.Code(report.Code())
	if asJSON {
		return printJSON(c.OutOrStdout(), report)
	}
	fmt.Fprint(c.OutOrStdout(), report.Text())
	return nil
}
