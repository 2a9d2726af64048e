package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"aadssh/handler"
	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/systemd"
	"aadssh/internal/watch"
)

// watch is the command that the units of the watch run. A machine that is not healthy does
// not fail the unit: the verdict is reported.
func (p Process) watch(code *fault.Code) *cobra.Command {
	var repair bool
	c := &cobra.Command{
		Use:    "watch",
		Short:  "Check the machine between two runs (run by systemd)",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			*code = p.checkOrRepair(c.Context(), repair)
			return nil
		},
	}
	c.Flags().BoolVar(&repair, "repair", false, "repair what can be repaired")
	return c
}

// checkOrRepair runs one check or one repair. Its log is only printed if something is reported or
// fails, so that the journal is not filled with the rest.
func (p Process) checkOrRepair(ctx context.Context, repair bool) fault.Code {
	if os.Geteuid() != 0 {
		fmt.Fprintln(p.Err, "The watch needs root; systemd runs it: systemctl start aadsshlogin-handler.service")
		return fault.Usage
	}
	var told, log bytes.Buffer
	logger := logging.New(&log)
	h := &host.Host{Runner: &host.Local{Log: logger, Isolate: isolate}, Log: logger}
	w := watch.Watcher{Host: h, Keeper: keeper(h), Out: &told,
		Observe: func(ctx context.Context, a watch.Assigned) watch.Observation {
			return handler.Observe(ctx, p.assigned(ctx, h, a))
		},
		Repair: func(ctx context.Context, a watch.Assigned) watch.Observation {
			return handler.Restore(ctx, p.assigned(ctx, h, a))
		},
	}
	w.GiveBack = func(ctx context.Context) (bool, error) {
		return handler.GiveBack(ctx, handler.Request{Version: p.Version, Getenv: p.Getenv, Host: h, Watch: keeper(h), Out: p.Out})
	}
	run, what := w.Check, "look"
	if repair {
		run, what = w.PutBack, "repair"
	}
	err := run(ctx)
	if err != nil || told.Len() > 0 {
		p.Err.Write(log.Bytes())
	}
	p.Out.Write(told.Bytes())
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(p.Out, handler.Interrupted(h, what))
		return fault.OK
	}
	if err != nil {
		return p.complain(unlooked(err))
	}
	return fault.OK
}

// unlooked is the fault of a check or a repair that could not be run, mostly because the
// machine has run out of something.
func unlooked(err error) *fault.Fault {
	if f := fault.Resource(err); f != nil {
		return f
	}
	file := (*fs.PathError)(nil)
	if errors.As(err, &file) && errors.Is(err, fs.ErrPermission) {
		return fault.Wrap(err, fault.Disk, "The watch cannot do its work: "+file.Error()+".",
			"See what keeps root from it (ls -ldZ "+file.Path+"; lsattr -d "+file.Path+"; findmnt -T "+file.Path+"), and fix that.")
	}
	return fault.Of(err)
}

// assigned is a request for the machine that the watch checks, with the settings that are
// in the agent's folder now.
func (p Process) assigned(ctx context.Context, h *host.Host, a watch.Assigned) handler.Request {
	q := handler.Request{
		Version: p.Version, Environment: a.Environment, Sequence: a.Sequence,
		Getenv: p.Getenv, Host: h, Reload: systemd.Reload, Out: p.Out,
	}
	q.Settings, q.Unknown, q.Refused = agent.ReadSettings(ctx, h, a.Environment, a.Sequence)
	return q
}

func keeper(h *host.Host) *watch.Keeper { return &watch.Keeper{Host: h, Self: "/proc/self/exe"} }
