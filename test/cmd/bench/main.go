// Command bench measures, in one run, what the handler costs beside the bare
// package manager and beside the documented way by hand, prints each figure
// beside its goal, and fails where a goal is missed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"text/tabwriter"
	"time"

	"aadsshlogin-handler/test/lib/cache"
)

// figure is one line of the table.
type figure struct {
	what, result, goal string
	missed             bool
}

func main() {
	rounds := flag.Int("n", 9, "how often each way is measured")
	lock := flag.Duration("lock", 4*time.Minute, "how long the package managers are at work at first boot")
	only := flag.Bool("only-lock", false, "measure that alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "make bench needs root: its machines are made of namespaces and mounts. Run: sudo make bench")
		os.Exit(2)
	}
	measured := func(ctx context.Context) ([]figure, error) { return measure(ctx, *rounds, locked(*lock)) }
	if *only {
		measured = locked(*lock)
	}
	figures, err := measured(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if missed := show(figures); missed > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d goals missed.\n", missed, len(figures))
		os.Exit(1)
	}
}

func measure(ctx context.Context, rounds int, last func(context.Context) ([]figure, error)) ([]figure, error) {
	c, err := cache.Open()
	if err != nil {
		return nil, err
	}
	world, err := buildWorld(ctx, c)
	if err != nil {
		return nil, err
	}
	figures, err := transactions(ctx, world, rounds)
	if err != nil {
		return nil, err
	}
	for _, more := range []func(context.Context) ([]figure, error){healthy, looks, requests, crowd, sizes, last} {
		f, err := more(ctx)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f...)
	}
	return figures, nil
}

// transactions compares the ways to a machine with the package. They
// take turns, so that what else this machine does meets all of them.
func transactions(ctx context.Context, world string, rounds int) ([]figure, error) {
	took := map[string][]time.Duration{}
	for i := range rounds {
		for _, way := range ways() {
			d, err := way.measure(ctx, world)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", way.name, err)
			}
			fmt.Fprintf(os.Stderr, "round %d: %s: %.2f s\n", i+1, way.name, d.Seconds())
			took[way.name] = append(took[way.name], d)
		}
	}
	// The fastest of each, for what else this machine does only adds; the share is
	// that of each round, in which all had about the same of it.
	bare, ours, manual, alone := slices.Min(took["bare"]), slices.Min(took["handler"]), slices.Min(took["by hand"]), slices.Min(took["setup"])
	var shares []float64
	for i, b := range took["bare"] {
		shares = append(shares, (took["handler"][i]-b).Seconds()/(took["by hand"][i]-b).Seconds())
	}
	slices.Sort(shares)
	share := shares[len(shares)/2]
	return []figure{
		{"bare: key, list, apt-get update of it, apt-get install", seconds(bare), ">= 10 s", bare < 10*time.Second},
		{"by hand, as documented: apt-get update of all, apt-get install", seconds(manual), "", false},
		{"install and enable by the handler", seconds(ours), "", false},
		{"setup", seconds(alone), "", false},
		{fmt.Sprintf("(handler - bare) / (by hand - bare), median of %d rounds", rounds), fmt.Sprintf("%.3f", share), "<= 0.15", share > 0.15},
	}, nil
}

func ratio(what string, a, b time.Duration, goal float64) figure {
	r := a.Seconds() / b.Seconds()
	return figure{what, fmt.Sprintf("%.3f", r), fmt.Sprintf("<= %.2f", goal), r > goal}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mib(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// show prints the table and counts the goals that were missed.
func show(figures []figure) (missed int) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tRESULT\tGOAL\t")
	for _, f := range figures {
		verdict := ""
		switch {
		case f.missed:
			verdict = "MISSED"
			missed++
		case f.goal != "":
			verdict = "met"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.what, f.result, f.goal, verdict)
	}
	_ = w.Flush() // to standard output, which is checked by whoever reads it
	return missed
}
