package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
)

// status repeats the last verdict and says how the machine is now. Its exit code is that of
// the machine as it is now.
func (p Process) status(code *fault.Code) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the machine is now, and the extension's last report",
		Long: `status says first how the machine is now, by the checks of enable; the exit code is
that of this first line. Then it repeats what the extension or setup said last, and
since when. What is asked over the network, but for the identity, and the sign-ins
of the last day it leaves to doctor.`,
		GroupID: groupPeople,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := doctor.CurrentStatus(c.Context(), p.options())
			if err != nil {
				return err
			}
			*code = fault.Code(s.Exit())
			if asJSON {
				return printJSON(c.OutOrStdout(), s)
			}
			fmt.Fprint(c.OutOrStdout(), s.Text(time.Now(), p.style()))
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON as misc/status.schema.json describes it")
	return c
}
