//go:build rig && vm

package e2e

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/emulated"
	"aadssh/test/lib/roots"
)

// machines are emulated: agents that run their commands in systemd's scopes, which they do
// on known distributions with control-group controllers (WALinuxAgent, ga/cgroupapi.py);
// SELinux enforcing; and clocks that are years off. Each script of the last three is for
// one of them.
func machines() kind {
	noble, jammy := roots.Ubuntu("24.04"), roots.Ubuntu("22.04")
	newest := emulated.Options{Root: roots.Bootable{Persona: noble, NewestAgent: true}}
	const years = 5 * 365 * 24 * time.Hour
	return kind{
		agents: []linuxAgent{
			{name: "scopes", version: "2.16.0.2", persona: noble, machine: booted(newest), fastTrack: true,
				scripts: []string{"cli", "scopes", "scopes-upgrade", "scope-killed", "twice", "install-again", "power-lost"}},
			{name: "scopes-v1", version: "2.7.3.0", persona: jammy, machine: booted(emulated.Options{
				Root:       roots.Bootable{Persona: jammy},
				Parameters: []string{"systemd.unified_cgroup_hierarchy=0", "systemd.legacy_systemd_cgroup_controller=1"},
			}), scripts: []string{"scopes"}},
			{name: "selinux", version: "2.16.0.2", persona: noble, machine: booted(with(newest, 0, "security=selinux", "selinux=1", "enforcing=1")), scripts: []string{"selinux"}},
			{name: "ahead", version: "2.16.0.2", persona: noble, machine: booted(with(newest, years)), scripts: []string{"clock-ahead"}},
			{name: "behind", version: "2.16.0.2", persona: noble, machine: booted(with(newest, -years)), scripts: []string{"clock-behind"}},
		},
		words:    map[string]word{"clock": clock}, // clock OFFSET: sets it that far ahead of the real time
		parallel: "2",
		giveUp:   20 * time.Minute, // the first machine that needs an image builds it
	}
}

func with(o emulated.Options, clock time.Duration, parameters ...string) emulated.Options {
	o.Clock, o.Parameters = clock, slices.Concat(o.Parameters, parameters)
	return o
}

func booted(o emulated.Options) func(context.Context, cache.Cache) (guest, error) {
	return func(ctx context.Context, c cache.Cache) (guest, error) { return emulated.New(ctx, c, o) }
}

// clock sets how far the machine's clock is ahead of the real time.
func clock(ctx context.Context, s *scenario, ts *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("an offset, not %q", args)
	}
	ahead, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	return vm(ctx, s, ts, []string{"date", "--set", time.Now().UTC().Add(ahead).Format(time.RFC3339)})
}
