package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/signin/gate"
	"aadssh/internal/text"
)

// doctor examines the machine for a person. Its exit code is that of the verdict.
func (p Process) doctor(code *fault.Code) *cobra.Command {
	var w wish
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find what keeps people from signing in, and say what to do",
		Long: `doctor looks at everything that enable looks at and at what only a person asks
for: the endpoints, the clock, the agent, firewall, disks, recent sign-ins. It
changes nothing. The endpoints are asked side by side, for 5 seconds at most.

The exit code is the verdict's: 0 where nothing is broken, else the code of the
first failure, which "explain" tells more about. Without root most of it is
unknown, and the exit code is 2 unless what others can see is broken.

With --user it follows one person's way in, gate by gate, and shows what the log
says of them; --from adds the address that they connect from.

With --merge it looks at no machine: it reads the reports of many, as --json
prints them, from files ("-" is standard input), and says which causes there
are, on which machines; the exit code is then the highest of all.`,
		Example: "  sudo /usr/local/bin/aadsshlogin-handler doctor\n  sudo /usr/local/bin/aadsshlogin-handler doctor --user ada@contoso.com --from 198.51.100.23\n  sudo /usr/local/bin/aadsshlogin-handler doctor --only identity,network-role-check\n  sudo /usr/local/bin/aadsshlogin-handler doctor --json | jq .verdict\n  aadsshlogin-handler doctor --merge reports/*.json",
		GroupID: groupPeople,
		Args: func(c *cobra.Command, args []string) error {
			if w.merge {
				if len(args) == 0 {
					return fault.New(fault.Usage, "--merge needs files with reports.", "For example: "+pathOf(c)+" --merge reports/*.json")
				}
				return nil
			}
			return noCheckBehind(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if w.merge {
				return p.merge(c, args, w.asJSON, code)
			}
			return p.examine(c, w, code)
		},
	}
	w.options(c)
	return c
}

// wish is what doctor was asked for.
type wish struct {
	asJSON, all, brief, merge bool
	only, skip                []string
	user, from                string
}

func (w *wish) options(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&w.asJSON, "json", false, "print JSON as misc/doctor.schema.json describes it")
	f.BoolVar(&w.all, "all", false, "show what is well, too")
	f.BoolVar(&w.brief, "brief", false, "print at most 4096 bytes, which is what Run Command keeps, the verdict first")
	f.BoolVar(&w.merge, "merge", false, "sum up the reports in these files, which --json printed on many machines")
	f.StringSliceVar(&w.only, "only", nil, "run only these checks, separated by commas")
	f.StringSliceVar(&w.skip, "skip", nil, "leave these checks out")
	f.StringVar(&w.user, "user", "", "examine the sign-in of this person only: NAME@DOMAIN, or the id of an application")
	f.StringVar(&w.from, "from", "", "with --user: the address that they connect from")
	c.MarkFlagsMutuallyExclusive("json", "all", "brief")
	for _, flag := range []string{"all", "brief", "only", "skip", "user", "from"} {
		c.MarkFlagsMutuallyExclusive("merge", flag)
	}
	completeChecks(c, "only", "skip")
}

// examine examines this machine and prints the report.
func (p Process) examine(c *cobra.Command, w wish, code *fault.Code) error {
	who, err := whom(c, w.user, w.from)
	if err != nil {
		return err
	}
	report, err := p.diagnose(c.Context(), who, w.only, w.skip)
	if err != nil {
		return err
	}
	*code = fault.Code(report.Verdict.Code)
	switch {
	case w.asJSON:
		return printJSON(c.OutOrStdout(), report)
	case w.brief:
		fmt.Fprint(c.OutOrStdout(), report.Brief())
	default:
		style := p.style()
		style.All = w.all
		fmt.Fprint(c.OutOrStdout(), report.Text(style))
	}
	return nil
}

// whom reads --user and --from.
func whom(c *cobra.Command, user, from string) (*gate.Somebody, error) {
	switch {
	case c.Flags().Changed("user"):
		return doctor.Whom(user, from, c.Flags().Changed("from"))
	case c.Flags().Changed("from"):
		return nil, fault.New(fault.Usage, "--from is for --user.", "Say whose way in is meant: sudo "+pathOf(c)+" --user NAME@DOMAIN --from ADDRESS")
	}
	return nil, nil
}

// diagnose runs doctor's checks and shows which are still running.
func (p Process) diagnose(ctx context.Context, who *gate.Somebody, only, skip []string) (doctor.Report, error) {
	o := p.options()
	o.Who, o.Only, o.Skip = who, only, skip
	show, done := p.progress()
	defer done()
	o.Progress = show
	return doctor.Run(ctx, o)
}

// completeChecks makes a shell complete names of checks in flags, each name of a list.
func completeChecks(c *cobra.Command, flags ...string) {
	names := func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		all := doctor.Names()
		for i := range all {
			all[i] = typed[:strings.LastIndexByte(typed, ',')+1] + all[i]
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
	for _, flag := range flags {
		if err := c.RegisterFlagCompletionFunc(flag, names); err != nil {
			panic(err) // the command has no such flag
		}
	}
}

// merge summarizes the reports of many machines. A file that is no report does not prevent
// the others from being counted: it is named, and the exit code is not 0.
func (p Process) merge(c *cobra.Command, files []string, asJSON bool, code *fault.Code) error {
	var fleet doctor.Fleet
	var unread []error
	for _, name := range files {
		read := make(chan error, 1)
		go func() { read <- addReports(&fleet, c.InOrStdin(), name) }()
		select {
		case err := <-read:
			if err != nil {
				unread = append(unread, err)
			}
		case <-c.Context().Done(): // a pipe or a terminal may never end
			return fault.New(fault.Usage, "It was stopped while it read "+text.Printable(name)+"; nothing was counted.", "Name files that end, for example: "+pathOf(c)+" --merge reports/*.json")
		}
	}
	*code = fault.Code(fleet.Worst())
	if fleet.Summary().Machines == 0 && len(unread) > 0 {
		return unread[0]
	}
	for _, err := range unread {
		fmt.Fprintln(c.ErrOrStderr(), "Not counted: "+fault.Of(err).What)
		*code = max(*code, fault.Usage)
	}
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
			return fault.Wrap(err, fault.Usage, "The report cannot be read: "+err.Error()+".", "Name files that this printed: sudo "+host.Program()+" doctor --json")
		}
		defer f.Close()
		in = f
	}
	return fleet.Add(name, in)
}
