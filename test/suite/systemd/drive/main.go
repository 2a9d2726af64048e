// Command drive makes one call of package systemd on the machine that it is started on, and
// prints the result: with it, the tests use the package inside a machine.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"aadssh/internal/systemd"
)

// Answer is the result of a call, for the test.
type Answer struct {
	Running bool
	State   systemd.UnitState
	Outcome systemd.Outcome
	Error   string
	Job     string // result of systemd's job, if that is the error
	Absent  bool   // the error is that systemd does not run
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: drive CALL [ARGUMENT...]")
		os.Exit(2)
	}
	a, err := call(os.Args[1], os.Args[2:])
	var job *systemd.JobError
	if errors.As(err, &job) {
		a.Job = job.Result
	}
	if err != nil {
		a.Error, a.Absent = err.Error(), errors.Is(err, systemd.ErrNotRunning)
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// budget is how long a call may take. Only a broken systemd uses all of it.
const budget = 30 * time.Second

func call(name string, args []string) (a Answer, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	a.Running = systemd.Running()
	switch name {
	case "running":
	case "state":
		a.State, err = systemd.State(ctx, args[0])
	case "reload":
		a.Outcome, err = systemd.Reload(ctx, args)
	case "scope": // NAME PID
		pid, bad := strconv.Atoi(args[1])
		if bad != nil {
			return a, bad
		}
		err = systemd.Scope(ctx, args[0], pid, "moved by a test")
	case "enable":
		err = systemd.EnableAndStart(ctx, args...)
	case "disable":
		err = systemd.StopAndDisable(ctx, args...)
	case "begin":
		err = systemd.Begin(ctx, args[0])
	case "daemon-reload":
		err = systemd.DaemonReload(ctx)
	default:
		err = fmt.Errorf("there is no call %q", name)
	}
	return a, err
}
