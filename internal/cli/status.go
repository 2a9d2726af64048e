package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"aadsshlogin-handler/internal/doctor"
	"aadsshlogin-handler/internal/fault"
)

// status repeats the last verdict. Its exit code is that verdict's.
func (p Process) status(code *fault.Code) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "status",
		Short:   "Repeat the last verdict of the extension, and since when it stands",
		Long:    "status reads what the extension wrote for the agent and its log. It looks at nothing anew: doctor does that.",
		GroupID: groupPeople,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := doctor.LastStatus(c.Context(), p.options())
			if err != nil {
				return err
			}
			*code = fault.Code(s.Code)
			if asJSON {
				return printJSON(c.OutOrStdout(), s)
			}
			fmt.Fprint(c.OutOrStdout(), s.Text(time.Now()))
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON as misc/status.schema.json describes it")
	return c
}
