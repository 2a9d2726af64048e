// Command roots builds the test machines' roots in advance, so that CI can do it in a
// separate step. Arguments: suites; none: all.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/roots"
)

func main() {
	suites := []roots.Suite{roots.Bullseye, roots.Bookworm, roots.Trixie, roots.Forky}
	if len(os.Args) > 1 {
		suites = nil
		for _, name := range os.Args[1:] {
			suites = append(suites, roots.Suite(name))
		}
	}
	c, err := cache.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var all sync.WaitGroup
	failed := make([]error, len(suites))
	for i, suite := range suites {
		all.Go(func() {
			dir, err := roots.Get(context.Background(), c, suite)
			failed[i] = err
			if err == nil {
				fmt.Println(suite, dir)
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
