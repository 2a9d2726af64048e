package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"aadssh/handler"
	"aadssh/internal/agent"
	"aadssh/internal/atomicfile"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/systemd"
)

// operations are the five commands in the manifest.
func (p Process) operations(code *fault.Code) []*cobra.Command {
	short := map[string]string{
		"install":   "Prepare the machine: repository, packages, newest version",
		"enable":    "Bring the machine to the wanted state and report the verdict",
		"update":    "Take over from another version of this handler",
		"disable":   "Stop watching; people can still sign in",
		"uninstall": "Leave the machine as it was found",
	}
	var commands []*cobra.Command
	for _, name := range handler.Operations() {
		var timeout time.Duration
		c := &cobra.Command{
			Use:     name,
			Short:   short[name],
			GroupID: groupAgent,
			Args:    noArguments,
			RunE: func(c *cobra.Command, _ []string) error {
				if p.UID != 0 {
					return p.notRoot()
				}
				*code = p.serve(c.Context(), name, timeout)
				return nil
			},
		}
		c.Flags().DurationVar(&timeout, "timeout", 0, "how long it may take, for example 90s (default: what the agent allows, less a reserve)")
		commands = append(commands, c)
	}
	return commands
}

// serve collects what an operation needs and runs it. Errors in the environment or the
// settings do not stop it here: the operation reports them.
func (p Process) serve(ctx context.Context, name string, timeout time.Duration) fault.Code {
	q := handler.Request{
		Operation: name,
		Version:   p.Version,
		Budget:    timeout,
		Getenv:    p.Getenv,
		Reload:    systemd.Reload,
		Out:       p.Out,
	}
	host.OrdinaryUmask()
	reserveOutput(p.Out)
	q.Environment, q.Refused = agent.Load()
	log, closeLog := logging.Discard(), func() error { return nil }
	if q.Environment.LogFolder != "" {
		l, c, err := logging.Open(q.Environment.LogFolder)
		if err != nil {
			fmt.Fprintf(p.Err, "handler.log is not written: %v\n", err)
		}
		log, closeLog = l, c // with an error too
	}
	defer closeLog()
	local := &host.Local{Log: log, Isolate: isolate}
	q.Host = &host.Host{Runner: local, Log: log}
	q.Watch = keeper(q.Host)
	sequence, err := agent.Sequence(q.Environment, p.Getenv)
	q.Sequence = sequence // also with an error, to report the error under it
	if q.Refused == nil {
		q.Events = agent.NewEvents(q.Environment)
		q.Refused = err
	}
	if q.Refused == nil {
		q.Settings, q.Unknown, q.Refused = agent.ReadSettings(ctx, q.Host, q.Environment, q.Sequence)
	}
	return handler.Run(ctx, q)
}

// outputRoom is more than an operation prints, in bytes: see handler's finish.
const outputRoom = 4 << 10

// reserveOutput reserves space for the verdict if the output is a file, as under the agent:
// on a disk that is full by then it would be lost, and uninstall has no other way to report
// why it failed.
func reserveOutput(out io.Writer) {
	f, is := out.(*os.File)
	if !is {
		return
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		_ = atomicfile.Reserve(f, info.Size()+outputRoom) // if the file system supports it
	}
}

// isolate moves a transaction out of the agent's control group.
func isolate(ctx context.Context, pid int) error {
	if !systemd.Running() {
		return nil
	}
	return systemd.Scope(ctx, fmt.Sprintf("aadsshlogin-handler-transaction-%d", pid), pid, "Package transaction of aadsshlogin-handler")
}
