// Command bench measures, in one run, what the handler costs compared with the bare package
// manager and with the documented steps by hand, prints each figure next to its goal, and
// fails if a goal is missed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/measured"
)

// figure is one line of the table.
type figure struct {
	what, result, goal string
	missed             bool
}

// part is a part of the measurements.
type part struct {
	name string
	run  func(context.Context) ([]figure, error)
}

func main() {
	rounds := flag.Int("n", 9, "how often each way is measured")
	lock := flag.Duration("lock", 4*time.Minute, "how long the package managers are at work at first boot")
	only := flag.String("only", "", "the parts to measure, with commas between them: transactions, healthy, checks, requests, crowd, sizes, lock; empty: all")
	document := flag.String("document", "", "the document whose table is to be rendered")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "make bench needs root: its machines are made of namespaces and mounts. Run: sudo make bench")
		os.Exit(2)
	}
	if err := bench(ctx, parts(*rounds, *lock), *only, *document); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parts are in the order of measurement: the minutes of the lock come last.
func parts(rounds int, lock time.Duration) []part {
	return []part{
		{"transactions", func(ctx context.Context) ([]figure, error) { return transactions(ctx, rounds) }},
		{"healthy", healthy}, {"checks", checks}, {"requests", requests}, {"crowd", crowd}, {"sizes", sizes},
		{"lock", locked(lock)},
	}
}

func bench(ctx context.Context, parts []part, only, document string) error {
	var figures []figure
	for _, p := range parts {
		if only != "" && !slices.Contains(strings.Split(only, ","), p.name) {
			continue
		}
		f, err := p.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		figures = append(figures, f...)
	}
	missed := show(figures)
	if document != "" {
		if err := measured.Put(ctx, document, "make bench", table(figures)); err != nil {
			return err
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d goals missed", missed, len(figures))
	}
	return nil
}

// transactions compares the ways to install the package on a machine. They take turns, so
// that this machine's other load affects all of them.
func transactions(ctx context.Context, rounds int) ([]figure, error) {
	c, err := cache.Open()
	if err != nil {
		return nil, err
	}
	world, err := buildWorld(ctx, c)
	if err != nil {
		return nil, err
	}
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
	// The fastest of each, because other load only adds time; the share is that of each
	// round, in which all had about the same load.
	bare, ours, manual, alone := slices.Min(took["bare"]), slices.Min(took["handler"]), slices.Min(took["by hand"]), slices.Min(took["setup"])
	share := func(way string) figure {
		var shares []float64
		for i, b := range took["bare"] {
			shares = append(shares, (took[way][i]-b).Seconds()/(took["by hand"][i]-b).Seconds())
		}
		slices.Sort(shares)
		m := shares[len(shares)/2]
		return figure{fmt.Sprintf("(%s - bare) / (by hand - bare), median of %d rounds", way, rounds), fmt.Sprintf("%.3f", m), "<= 0.15", m > 0.15}
	}
	return []figure{
		{"bare: key, list, apt-get update of it, apt-get install", seconds(bare), ">= 10 s", bare < 10*time.Second},
		{"by hand, as documented: apt-get update of all, apt-get install", seconds(manual), "", false},
		{"install and enable by the handler", seconds(ours), "", false},
		{"setup", seconds(alone), "", false},
		share("handler"), share("setup"),
	}, nil
}

func ratio(what string, a, b time.Duration, goal float64) figure {
	return figure{what, quotient(a, b), fmt.Sprintf("<= %.2f", goal), a.Seconds()/b.Seconds() > goal}
}

func quotient(a, b time.Duration) string { return fmt.Sprintf("%.2f", a.Seconds()/b.Seconds()) }

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mib(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// verdict is "met" or "MISSED"; "" if there is no goal.
func (f figure) verdict() string {
	switch {
	case f.missed:
		return "MISSED"
	case f.goal != "":
		return "met"
	}
	return ""
}

// show prints the figures and counts the missed goals.
func show(figures []figure) (missed int) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tRESULT\tGOAL\t")
	for _, f := range figures {
		if f.missed {
			missed++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.what, f.result, f.goal, f.verdict())
	}
	_ = w.Flush() // the reader of standard output would notice
	return missed
}

// table is the figures in Markdown.
func table(figures []figure) string {
	var b strings.Builder
	b.WriteString("| what | result | goal | |\n|---|---:|---:|---|\n")
	for _, f := range figures {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.what, f.result, f.goal, f.verdict())
	}
	return b.String()
}
