package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"aadssh/handler"
	"aadssh/internal/agent"
	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/standalone"
	"aadssh/internal/systemd"
	"aadssh/internal/text"
)

const groupStandalone = "standalone"

// asked is what setup or remove was asked to do.
type asked struct {
	_ [0]func() // never compared: no code for == is linked

	operation string
	settings  bool // it accepts settings and saves them
	files     standalone.Files
	downgrade bool
	timeout   time.Duration
}

// setup does what install and enable do, without an agent.
func (p Process) setup(code *fault.Code) *cobra.Command {
	a := asked{operation: "setup", settings: true}
	var dryRun, asJSON bool
	c := &cobra.Command{
		Use:   "setup",
		Short: "Set this machine up without the agent, or bring it up to date",
		Long: `setup does what install and enable do, for a machine on which nobody sets the VM
extension: it checks, sets up the repository, installs the packages, proves that
people can sign in, and leaves a watch behind. Run again it does what is left to
do; run by a newer version it upgrades. remove takes it all back.

Settings are those of the extension, as JSON. What is not given stays as it was
given last; {} takes them away. Protected settings are kept in a file that only
root can read, for a repair may need them.

Where the VM extension owns the machine, or a newer version of setup does, setup
changes nothing and says so; it ends with what the owner said last. Where only
the identity is missing it ends with 22, and the watch finishes the work once the
identity has been seen twice.`,
		Example: "  sudo ./aadsshlogin-handler setup\n  sudo ./aadsshlogin-handler setup --settings settings.json --dry-run\n  sudo ./aadsshlogin-handler setup --protected-settings - < protected.json",
		GroupID: groupStandalone,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON && !dryRun {
				return fmt.Errorf("--json is for --dry-run; \"status --json\" has the verdict")
			}
			if err := p.may(a.timeout); err != nil {
				return err
			}
			given, err := a.read(c)
			if err != nil {
				return err // of what was typed, not of this machine: nothing of it is written down
			}
			if dryRun {
				return p.dryRun(c, a, given, asJSON, code)
			}
			*code = p.alone(c, a, given)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&a.files.Settings, "settings", "", "file with the public settings; - is standard input")
	f.StringVar(&a.files.Protected, "protected-settings", "", "file with the protected settings, which only root may read; - is standard input")
	f.BoolVar(&dryRun, "dry-run", false, "show what would be changed, and change nothing")
	f.BoolVar(&asJSON, "json", false, "with --dry-run: print JSON as misc/plan.schema.json describes it")
	f.BoolVar(&a.downgrade, "allow-downgrade", false, "take the machine over from a newer version of setup")
	f.DurationVar(&a.timeout, "timeout", 0, "how long it may take, for example 5m (default: 30m)")
	return c
}

// remove is the uninstall of a machine that setup set up.
func (p Process) remove(code *fault.Code) *cobra.Command {
	a := asked{operation: "remove"}
	c := &cobra.Command{
		Use:   "remove",
		Short: "Leave the machine as setup found it",
		Long: `remove takes away what setup brought: packages, repository, key, watch, settings
and log. What was there before stays, and so do the packages where another
handler has the same. Where setup does not own the machine, or a newer version of
it does, remove changes nothing, says who does, and ends with 2.`,
		GroupID: groupStandalone,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.may(a.timeout); err != nil {
				return err
			}
			*code = p.alone(c, a, agent.Given{})
			return nil
		},
	}
	c.Flags().DurationVar(&a.timeout, "timeout", 0, "how long it may take, for example 5m (default: 30m)")
	return c
}

// may says why the command cannot be run as it was typed.
func (p Process) may(timeout time.Duration) error {
	if timeout < 0 {
		return fmt.Errorf("--timeout %s leaves no time", timeout)
	}
	if p.UID != 0 {
		return p.notRoot()
	}
	return nil
}

// notRoot repeats the command that was typed, with sudo before it.
func (p Process) notRoot() error {
	again := "Run: sudo " + host.Program()
	for _, word := range p.Args {
		again += " " + text.Quote(text.Printable(word))
	}
	return fault.New(fault.Usage, "This must be run as root.", again)
}

// alone runs setup or remove. The log is only opened if something may change: a program
// that stands down leaves no trace.
func (p Process) alone(c *cobra.Command, a asked, given agent.Given) fault.Code {
	host.OrdinaryUmask()
	env := agent.Standalone(p.Version)
	q := handler.Request{
		Operation: a.operation, Version: p.Version, Environment: env, Budget: a.timeout, Downgrade: a.downgrade,
		Getenv: p.Getenv, Reload: systemd.Reload, Out: p.Out,
	}
	plain := &host.Host{Log: logging.Discard()}
	log, closeLog := logging.Discard(), func() error { return nil }
	if owner, there, err := handler.Owner(plain, p.Version); a.settings && err == nil && (!there || owner.Setup && a.downgrade) {
		err := plain.EnsureDir(host.StateDir, 0o700)
		if err == nil {
			err = plain.EnsureDir(env.LogFolder, 0o700)
		}
		if err != nil {
			fmt.Fprintf(p.Err, "handler.log is not written: %v\n", err)
		}
	}
	if plain.Exists(env.LogFolder) {
		l, closed, err := logging.Open(env.LogFolder)
		if err != nil {
			fmt.Fprintf(p.Err, "handler.log is not written: %v\n", err)
		}
		log, closeLog = l, closed // with an error too
	}
	defer closeLog()
	q.Host = &host.Host{Runner: &host.Local{Log: log, Isolate: isolate}, Log: log}
	q.Watch = keeper(q.Host)
	if a.settings {
		offer, err := agent.Consider(q.Host, given)
		q.Sequence, q.Settings, q.Unknown, q.Refused = offer.Sequence, offer.Settings, offer.Unknown, err
		q.Keep = func() (*agent.Offer, error) {
			offer, err := agent.Consider(q.Host, given)
			if err == nil {
				err = offer.Keep(q.Host)
			}
			return offer, err
		}
	}
	return handler.Run(c.Context(), q)
}

// read is what setup was given as settings, within the time that it may take.
func (a asked) read(c *cobra.Command) (agent.Given, error) {
	ctx, cancel := context.WithTimeout(c.Context(), cmp.Or(a.timeout, handler.StandaloneBudget))
	defer cancel()
	return a.files.Read(ctx, c.InOrStdin())
}

// dryRun is plan with the settings that setup was given.
func (p Process) dryRun(c *cobra.Command, a asked, given agent.Given, asJSON bool, code *fault.Code) error {
	o := p.options()
	owner, there, err := handler.Owner(o.Host, p.Version)
	if err != nil {
		return err
	}
	if there && !(owner.Setup && a.downgrade) {
		fmt.Fprintf(p.Err, "This machine belongs to %s, so setup would change nothing.\n", text.Shown(owner.Who()))
		if asJSON {
			return printJSON(c.OutOrStdout(), doctor.NoPlan(p.Version, a.operation, time.Now()))
		}
		return nil
	}
	offer, err := agent.Consider(o.Host, given)
	if err != nil {
		return err
	}
	o.Offer = offer
	return p.showPlan(c, o, a.operation, asJSON, code)
}
