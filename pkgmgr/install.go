package pkgmgr

import (
	"context"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// Outcome is what an installation came to.
type Outcome struct {
	Packages Packages // what the database says of all that the order named
	// Newest has, for each package that was installed in an older version than
	// the newest because of what that one depends on, the newest version.
	Newest map[string]string
	// Why is what stood in the way of the newest; without Newest: of looking
	// for a version newer than the one that was there before.
	Why *fault.Fault
}

// Install brings packages to the versions that are wanted, one transaction a
// try. Where dependencies stand in the way it looks further: at the other
// sources of the machine, at their present metadata, and, where no version was
// asked for, at older versions, but never below the installed one. Success
// means that the package database says so.
func (s *Session) Install(ctx context.Context, want []Spec) (Outcome, error) {
	return s.order(ctx, Order{Install: want}, s.Manager.Install, transacts)
}

// Download fetches what Install (or, with remove, Replace) would install, and
// has it verified. Nothing on the machine changes but the manager's cache.
func (s *Session) Download(ctx context.Context, want []Spec, remove []string) (Outcome, error) {
	return s.order(ctx, Order{Install: want, Remove: remove}, s.Manager.Download, reads)
}

// Replace installs packages in the place of others, in one transaction where
// the manager can. It refuses with code 23 where more than remove would go.
func (s *Session) Replace(ctx context.Context, want []Spec, remove []string) (Outcome, error) {
	return s.order(ctx, Order{Install: want, Remove: remove}, s.Manager.Install, transacts)
}

// Reinstall has the scripts of installed packages run again, with package
// files from the source.
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

// InstallFiles installs package files that lie on this machine: the same
// version again, an older or a newer one. It needs no network. want is what
// the database must say afterwards.
func (s *Session) InstallFiles(ctx context.Context, paths []string, want []Spec) (Outcome, error) {
	return s.files(ctx, s.Manager.InstallFiles(paths), want)
}

// RestoreFiles is InstallFiles for packages that are not installed: it changes
// nothing where what they depend on is not on this machine either.
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
