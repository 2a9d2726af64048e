package scene

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"aadssh/distro"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/machine"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// Booted is a machine that has booted with systemd, without an agent, with the package host
// and the metadata service at the other end of its network.
type Booted struct {
	*machine.Machine
	rig.Vendor
	Persona  roots.Persona
	Target   distro.Target // from the product's table
	Metadata *metadata.Service
}

// Boot starts such a machine, with aadsshlogin in its repository. Close ends it.
func Boot(ctx context.Context, p roots.Persona) (*Booted, error) {
	c, err := cache.Open()
	if err != nil {
		return nil, err
	}
	layers, err := p.Layers(ctx, c)
	if err != nil {
		return nil, err
	}
	b := &Booted{Persona: p, Metadata: metadata.Healthy("rg-web", "web1")}
	if b.Target, err = Target(ctx, c, p); err != nil {
		return nil, err
	}
	if b.Machine, err = machine.New(ctx, c, layers); err != nil {
		return nil, err
	}
	if err := b.start(ctx, c); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Booted) start(ctx context.Context, c cache.Cache) (err error) {
	if err := WithoutAgent(ctx, b.Machine); err != nil {
		return err
	}
	if b.Vendor, err = rig.Serve(ctx, b.Machine, c, b.options([]fixtures.Spec{{Name: fixtures.Login, Version: Version}})); err != nil {
		return err
	}
	return b.Metadata.Serve(b)
}

// WithoutAgent boots a machine on which the agent does not start.
func WithoutAgent(ctx context.Context, m *machine.Machine) error {
	if err := m.Symlink("/dev/null", "/etc/systemd/system/walinuxagent.service"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	return m.Boot(ctx)
}

func (b *Booted) options(packages []fixtures.Spec) rig.Options {
	return rig.Options{Persona: b.Persona, Path: b.Target.Repository.Path, Suite: b.Target.Repository.Suite, Packages: packages}
}

// Offer replaces the content of the vendor's repository.
func (b *Booted) Offer(ctx context.Context, packages ...fixtures.Spec) error {
	return b.Vendor.Offer(ctx, b.options(packages))
}

// Close ends the machine with everything around it.
func (b *Booted) Close() error {
	err := b.Machine.Close()
	if b.Packages != nil {
		_ = b.Packages.Close() // its network ended with the machine
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// NewBooted is Boot for a test, which fails on an unexpected request.
func NewBooted(t testing.TB, p roots.Persona) *Booted {
	t.Helper()
	b, err := Boot(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		unexpected(t, b.Packages, b.Metadata)
	})
	return b
}
