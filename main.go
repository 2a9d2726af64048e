// Command aadsshlogin-handler lets people sign in to a machine with Microsoft Entra ID:
// the Azure Linux agent runs it with install, enable, disable, update and
// uninstall; people run it with doctor, plan, status, explain and others.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"aadssh/internal/cli"
	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// version is set by the linker; see the Makefile.
var version = "0.0.0-dev"

func main() {
	if len(os.Args) > 1 && os.Args[1] == host.HeldArgument {
		// It only returns if this process could not become the package manager.
		fmt.Fprintln(os.Stderr, host.Held(os.Args[2:]))
		os.Exit(int(fault.Internal))
	}
	// The program mostly waits for others, and on a healthy machine it ends before it has
	// four megabytes of garbage, at which the runtime would collect them: a second processor
	// and a collection would cost more than they save.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(200)
	// The agent's service is stopped with SIGTERM: the verdict must still be written.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	code := cli.Execute(ctx, cli.Process{
		Version: version,
		Args:    os.Args[1:],
		UID:     os.Geteuid(),
		Getenv:  os.Getenv,
		Out:     os.Stdout,
		Err:     os.Stderr,
	})
	stop()
	os.Exit(int(code))
}
