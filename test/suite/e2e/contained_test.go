//go:build rig && !vm

package e2e

import (
	"context"
	"os"
	"time"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/machine"
	"aadssh/test/lib/roots"
)

// machines are in containers: every available release of the agent, on the Debian that
// contains it. With E2E=all in the environment every release runs every script; otherwise
// the first does, and the others run those that show how a release differs: the whole life,
// the report of a failure, both directions of an update, Fast Track. A release between two
// others runs two of them.
func machines() kind {
	representative, between := []string{"terraform", "identity", "upgrade", "fast-track"}, []string{"upgrade", "fast-track"}
	if os.Getenv("E2E") == "all" {
		representative, between = nil, nil
	}
	return kind{
		agents: []linuxAgent{
			{name: "debian12", version: "2.7.3.0", persona: roots.Debian(roots.Bookworm), machine: contained(suite(roots.Bookworm)), recorded: true},
			{name: "debian11", version: "2.2.47", persona: roots.Debian(roots.Bullseye), machine: contained(suite(roots.Bullseye)), scripts: representative},
			{name: "debian13", version: "2.12.0.2", persona: roots.Debian(roots.Trixie), machine: contained(suite(roots.Trixie)), fastTrack: true, scripts: between},
			{name: "newest", version: "2.16.0.2", persona: roots.Debian(roots.Trixie), machine: contained(newestAgent), fastTrack: true, scripts: representative},
		},
		// They mostly wait for the agent, which sleeps two seconds at each command, so more
		// of them run at once than there are processors.
		parallel: "6",
		// This is far above what anything takes: on a machine with a load of 20 some
		// scenarios needed four minutes for a step of seconds.
		giveUp: 15 * time.Minute,
	}
}

type layers = func(context.Context, cache.Cache) ([]string, error)

func suite(s roots.Suite) layers { return roots.Debian(s).Layers }

func newestAgent(ctx context.Context, c cache.Cache) ([]string, error) {
	root, err := roots.NewestAgent(ctx, c)
	return []string{root}, err
}

func contained(find layers) func(context.Context, cache.Cache) (guest, error) {
	return func(ctx context.Context, c cache.Cache) (guest, error) {
		found, err := find(ctx, c)
		if err != nil {
			return nil, err
		}
		return machine.New(ctx, c, found)
	}
}
