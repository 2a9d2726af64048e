// Package rig is a box with some distribution and the vendor's package host: what a test of
// a package manager needs. A test of the handler needs more: package scene.
package rig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/repository"
	"aadssh/test/lib/roots"
)

// Options describe a machine and what its package host offers.
type Options struct {
	Persona  roots.Persona
	Box      box.Options     // its Layers, if there are any, are put over the persona's
	Path     string          // of the repository below the host: "/ubuntu/22.04/prod"; "": none
	Suite    string          // of an apt repository: "jammy"
	Packages []fixtures.Spec // the content of the repository
	Key      *keys.Key       // signs the repository; nil: the key of the tests
	Names    []string        // of the package host, the vendor's first; nil: that alone
}

// Vendor is the vendor's package host, and the folder of its packages.
type Vendor struct {
	Packages *pkghost.Host
	Cache    cache.Cache
}

// Serve starts the vendor's package host for a machine, with its keys and the packages that
// o offers. Of o it uses Names and what Offer uses.
func Serve(ctx context.Context, place pkghost.Place, c cache.Cache, o Options) (Vendor, error) {
	host, err := pkghost.Start(place, o.Names...)
	if err != nil {
		return Vendor{}, err
	}
	host.File("/keys/microsoft.asc", keys.Rig().Public)
	host.File("/keys/microsoft-2025.asc", keys.Rig().Public)
	v := Vendor{Packages: host, Cache: c}
	if o.Path == "" {
		return v, nil
	}
	if err := v.Offer(ctx, o); err != nil {
		return Vendor{}, errors.Join(err, host.Close())
	}
	return v, nil
}

// Machine is a box and its package host.
type Machine struct {
	*box.Box
	Vendor
}

// Start starts a machine. Close ends it.
func Start(ctx context.Context, o Options) (*Machine, error) {
	c, err := cache.Open()
	if err != nil {
		return nil, err
	}
	layers, err := o.Persona.Layers(ctx, c)
	if err != nil {
		return nil, err
	}
	o.Box.Layers = slices.Concat(o.Box.Layers, layers)
	b, err := box.New(ctx, c, o.Box)
	if err != nil {
		return nil, err
	}
	v, err := Serve(ctx, b, c, o)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &Machine{Box: b, Vendor: v}, nil
}

// New is Start for a test: the machine ends with the test, which fails if the package host
// got an unexpected request.
func New(t testing.TB, o Options) *Machine {
	t.Helper()
	m, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		for _, r := range m.Packages.Unexpected() {
			t.Errorf("unexpected request: %s (%s)", r, r.Agent)
		}
	})
	return m
}

// Offer serves a repository with these packages from now on, instead of the previous one at
// its path. Of o it uses Persona.Family, Path, Suite, Packages and Key.
func (v Vendor) Offer(ctx context.Context, o Options) error {
	key := keys.Rig()
	if o.Key != nil {
		key = *o.Key
	}
	build, write := fixtures.Debs, func(dir string, packages []string) error {
		return repository.Apt{Suite: o.Suite, Debs: packages, Key: key}.Write(ctx, dir)
	}
	if o.Persona.Family != roots.Apt {
		build, write = fixtures.RPMs, func(dir string, packages []string) error {
			return repository.Yum{RPMs: packages, Key: key}.Write(ctx, dir)
		}
		// zypper requests these files from every repository, and rpm-md repositories do not
		// have them.
		below := strings.TrimSuffix(o.Path, "/")
		v.Packages.Missing(below+"/media.1/media", below+"/repodata/repomd.xml.key")
	}
	packages, err := build(ctx, v.Cache, o.Packages...)
	if err != nil {
		return err
	}
	// "2" has to be increased when the code of package repository changes.
	parts := append([]string{"2", string(o.Persona.Family), o.Suite, key.Fingerprint}, packages...)
	dir, err := v.Cache.Make(ctx, "repositories", cache.Key(parts...), func(dir string) error { return write(dir, packages) })
	if err != nil {
		return fmt.Errorf("repository: %w", err)
	}
	v.Packages.Mount(o.Path, dir)
	return nil
}

// Close ends the machine and its package host.
func (m *Machine) Close() error {
	return errors.Join(m.Packages.Close(), m.Box.Close())
}
