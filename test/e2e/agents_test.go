//go:build rig

package e2e

import (
	"context"

	"aadsshlogin-handler/test/cache"
	"aadsshlogin-handler/test/keys"
	"aadsshlogin-handler/test/roots"
)

// linuxAgent is a release of the agent on the Debian that brings it.
type linuxAgent struct {
	name      string
	version   string
	suite     roots.Suite
	root      func(context.Context, cache.Cache) (string, error) // nil: the suite's own
	fastTrack bool                                               // it can be given goal states by the HostGAPlugin (2.7.3 only compares them)
}

func (a linuxAgent) layers(ctx context.Context, c cache.Cache) ([]string, error) {
	if a.root == nil {
		return roots.Debian(a.suite).Layers(ctx, c)
	}
	root, err := a.root(ctx, c)
	return []string{root}, err
}

// agents are the releases that can be had, the usual one first.
func agents() []linuxAgent {
	return []linuxAgent{
		{name: "debian12", version: "2.7.3.0", suite: roots.Bookworm},
		{name: "debian11", version: "2.2.47", suite: roots.Bullseye},
		{name: "debian13", version: "2.12.0.2", suite: roots.Trixie, fastTrack: true},
		{name: "newest", version: "2.16.0.2", suite: roots.Trixie, root: roots.NewestAgent, fastTrack: true},
	}
}

func rigKey() []byte { return keys.Rig().Public }
