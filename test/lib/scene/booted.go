package scene

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"aadssh/distro"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/machine"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// Services are what a machine with systemd reaches over its network: the vendor's package
// host and the metadata service.
type Services struct {
	rig.Vendor
	Persona  roots.Persona
	Target   distro.Target // from the product's table
	Metadata *metadata.Service
}

// Serve starts the services for a machine, on its network, with the packages in the
// vendor's repository.
func Serve(ctx context.Context, on pkghost.Place, c cache.Cache, p roots.Persona, packages ...fixtures.Spec) (*Services, error) {
	s := &Services{Persona: p, Metadata: metadata.Healthy("rg-web", "web1")}
	var err error
	if s.Target, err = Target(ctx, c, p); err != nil {
		return nil, err
	}
	if s.Vendor, err = rig.Serve(ctx, on, c, s.options(packages)); err != nil {
		return nil, err
	}
	return s, s.Metadata.Serve(on)
}

func (s *Services) options(packages []fixtures.Spec) rig.Options {
	return rig.Options{Persona: s.Persona, Path: s.Target.Repository.Path, Suite: s.Target.Repository.Suite, Packages: packages}
}

// Offer replaces the content of the vendor's repository.
func (s *Services) Offer(ctx context.Context, packages ...fixtures.Spec) error {
	return s.Vendor.Offer(ctx, s.options(packages))
}

// End ends a test's machine and its services, if they were started, and fails the test on
// an unexpected request.
func (s *Services) End(t testing.TB, m io.Closer) {
	t.Helper()
	if err := s.close(m); err != nil {
		t.Error(err)
	}
	if s != nil {
		unexpected(t, s.Packages, s.Metadata)
	}
}

func (s *Services) close(m io.Closer) error {
	err := m.Close()
	if s != nil {
		_ = s.Packages.Close() // its network ended with the machine
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Booted is a machine that has booted with systemd, without an agent, and its services.
type Booted struct {
	*machine.Machine
	*Services
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
	m, err := machine.New(ctx, c, layers)
	if err != nil {
		return nil, err
	}
	b := &Booted{Machine: m}
	if b.Services, err = Serve(ctx, m, c, p, fixtures.Spec{Name: fixtures.Login, Version: Version}); err == nil {
		err = WithoutAgent(ctx, m)
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
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

// Deliver unpacks a version of the extension there, with the content of its settings file.
func (b *Booted) Deliver(ctx context.Context, version, settings string) error {
	binary, manifest, err := Build(ctx)
	if err != nil {
		return err
	}
	return agentrun.Unpack(b.Machine, agentrun.Goal{Version: version, Package: files(binary, manifest), Settings: settings})
}

// Close ends the machine with everything around it.
func (b *Booted) Close() error { return b.close(b.Machine) }

// NewBooted is Boot for a test, which fails on an unexpected request.
func NewBooted(t testing.TB, p roots.Persona) *Booted {
	t.Helper()
	b, err := Boot(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.End(t, b.Machine) })
	return b
}
