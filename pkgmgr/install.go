package pkgmgr

import (
	"context"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// Outcome is the result of an installation.
type Outcome struct {
	Packages Packages // what the database says about all packages that the order named
	// Newest has the newest version of each package that was installed in an older version
	// because the dependencies of the newest were missing.
	Newest map[string]string
	// Why is why the newest version was not installed or, without Newest, why it was not
	// possible to search for a version newer than the installed one.
	Why *fault.Fault
}

// Install brings packages to the wanted versions, with one transaction per try. If
// dependencies are missing it tries more: the other sources of the machine, their current
// metadata and, if no version was asked for, older versions, but never below the installed
// one. Success means that the package database shows the result.
func (s *Session) Install(ctx context.Context, want []Spec) (Outcome, error) {
	return s.order(ctx, Order{Install: want}, s.Manager.Install, transacts)
}

// Download fetches and verifies what Install (or, with remove, Replace) would install.
// Nothing on the machine changes except the manager's cache.
func (s *Session) Download(ctx context.Context, want []Spec, remove []string) (Outcome, error) {
	return s.order(ctx, Order{Install: want, Remove: remove}, s.Manager.Download, reads)
}

// Replace installs packages in place of others, in one transaction if the manager can. It
// refuses with code 23 if more than remove would be removed.
func (s *Session) Replace(ctx context.Context, want []Spec, remove []string) (Outcome, error) {
	return s.order(ctx, Order{Install: want, Remove: remove}, s.Manager.Install, transacts)
}

// Reinstall runs the scripts of installed packages again, with package files from the
// source.
func (s *Session) Reinstall(ctx context.Context, names []string) (Outcome, error) {
	now, err := s.Query(ctx, names...)
	if err != nil {
		return Outcome{}, err
	}
	order := Order{Reinstall: true}
	for _, name := range names {
		order.Install = append(order.Install, Spec{name, now[name].Version})
	}
	return s.order(ctx, order, s.Manager.Install, transacts)
}

// InstallFiles installs package files from this machine: the same version again, an older
// or a newer one. It needs no network. want is what the database must show afterwards.
func (s *Session) InstallFiles(ctx context.Context, paths []string, want []Spec) (Outcome, error) {
	return s.files(ctx, s.Manager.InstallFiles(paths), want)
}

// RestoreFiles is InstallFiles for packages that are not installed: it changes nothing if
// their dependencies are not installed either.
func (s *Session) RestoreFiles(ctx context.Context, paths []string, want []Spec) (Outcome, error) {
	return s.files(ctx, s.Manager.RestoreFiles(paths), want)
}

func (s *Session) files(ctx context.Context, commands []host.Command, want []Spec) (Outcome, error) {
	var failed diagnosis
	for _, c := range commands {
		d, err := s.run(ctx, c, transacts)
		if err != nil {
			return Outcome{}, err
		}
		if d.fault != nil {
			failed = d
		}
	}
	o := Order{Install: want}
	now, err := s.Query(ctx, o.names()...)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Packages: now}
	if failed.step == scripts || !o.done(now) {
		return out, orNil(s.unmet(o, now, failed.fault))
	}
	return out, nil
}
