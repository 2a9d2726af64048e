// Command faults kills the handler before and after each of its changes, or makes its system
// calls fail, on throw-away machines. It then runs the handler once more, and compares the
// machine with an undisturbed one. docs/reliability.md has the results.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"
)

func main() {
	jobs := flag.Int("jobs", max(2, runtime.NumCPU()), "how many machines at a time")
	only := flag.String("only", "", "only scenarios whose name contains this, such as \"ubuntu22.04 install\"")
	each := flag.Int("each", 40, "how many points of each scenario, evenly spread; 0 is all (hours)")
	at := flag.String("point", "", "only points whose name contains this, such as \"pending\"")
	document := flag.String("document", "", "file whose table is to be replaced by this run's")
	list := flag.Bool("list", false, "only list the points")
	errors := flag.Bool("errors", false, "make system calls of the handler fail, in place of killing it")
	forget := flag.Bool("forget", false, "play also what an earlier run of the same program has played")
	logs := flag.Bool("logs", false, "print the handler's log of each case that is not as it should be")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "make faults needs root: its machines are made of namespaces and mounts. Run: sudo make faults")
		os.Exit(2)
	}
	began := time.Now()
	some := spread(*each)
	if *errors {
		some = spreadErrors(*each)
	}
	m := matrix{jobs: *jobs, only: *only, pick: func(_ scenario, all []point) []point { return some(containing(*at, all)) }, list: *list, logs: *logs, errors: *errors, resume: !*forget, out: os.Stdout}
	if err := m.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "make faults:", err)
		os.Exit(1)
	}
	fmt.Printf("\n%s\n%d cases in %s\n", m.table(), m.cases(), time.Since(began).Round(time.Second))
	if *document != "" {
		if err := m.document(ctx, *document); err != nil {
			fmt.Fprintln(os.Stderr, "make faults:", err)
			os.Exit(1)
		}
	}
	if m.failed() > 0 {
		os.Exit(1)
	}
}
