package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/host"
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
	return s.order(ctx, Order{Install: want}, s.Manager.Install, true)
}

// Download fetches what Install (or, with remove, Replace) would install, and
// has it verified. Nothing on the machine changes but the manager's cache.
func (s *Session) Download(ctx context.Context, want []Spec, remove []string) (Outcome, error) {
	return s.order(ctx, Order{Install: want, Remove: remove}, s.Manager.Download, false)
}

// Replace installs packages in the place of others, in one transaction where
// the manager can. It refuses with code 23 where more than remove would go.
func (s *Session) Replace(ctx context.Context, want []Spec, remove []string) (Outcome, error) {
	return s.order(ctx, Order{Install: want, Remove: remove}, s.Manager.Install, true)
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
	return s.order(ctx, order, s.Manager.Install, true)
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
	var failed verdict
	for _, c := range commands {
		v, err := s.run(ctx, c, true)
		if err != nil {
			return Outcome{}, err
		}
		if v.fault != nil {
			failed = v
		}
	}
	o := Order{Install: want}
	now, err := s.Query(ctx, o.names()...)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Packages: now}
	if failed.way == scripts || !o.done(now) {
		return out, orNil(s.unmet(o, now, failed.fault))
	}
	return out, nil
}

// order is the ladder: try, and where a try fails for a reason that something
// can be done about, do that and try again. Each step is taken once.
func (s *Session) order(ctx context.Context, o Order, build func(Order) []host.Command, transaction bool) (Outcome, error) {
	before, err := s.Query(ctx, o.names()...)
	if errors.Is(err, ErrInterrupted) {
		if err = s.Repair(ctx); err == nil {
			before, err = s.Query(ctx, o.names()...)
		}
	}
	if err != nil {
		return Outcome{}, err
	}
	o.Source = s.Source
	o.Source.All = s.Source.All || s.Manager.AllFirst
	out := Outcome{Newest: map[string]string{}}
	steps := ladder{session: s, before: before}
	for {
		o.LockWait = s.lockWait(ctx)
		if len(o.Remove) > 0 {
			if err := s.onlyNamed(ctx, o); err != nil {
				return out, err
			}
		}
		v, err := s.try(ctx, build(o), transaction)
		if err != nil {
			return out, err
		}
		if out.Packages, err = s.Query(ctx, o.names()...); err != nil {
			return out, err
		}
		if left := o.left(out.Packages); transaction && v.fault == nil && len(left) > 0 {
			// The new packages do not say that they take the old ones' place.
			if err := s.Remove(ctx, left); err != nil {
				return out, err
			}
			for _, name := range left {
				out.Packages[name] = Package{Name: name}
			}
		}
		reached := o.done(out.Packages) && (!o.Reinstall || v.fault == nil)
		if !transaction {
			reached = v.fault == nil
		}
		stuck := reached && transaction && v.fault != nil && o.unmoved(before, out.Packages)
		if reached && !stuck && v.way != scripts {
			if v.fault != nil {
				s.Host.Log.Warnf("the packages are in place, but the package manager says: %v", v.fault)
			}
			return out, nil
		}
		if transaction {
			v.fault = s.unmet(o, out.Packages, v.fault)
		}
		again, err := steps.climb(ctx, &o, v, &out)
		if err != nil {
			return out, err
		}
		if !again && stuck && v.way != scripts {
			s.Host.Log.Warnf("the packages stay at the versions that they were at: %v", v.fault)
			out.Why = v.fault
			return out, nil
		}
		if !again {
			return out, orNil(v.fault)
		}
	}
}

// try runs the commands of one try up to the first that fails.
func (s *Session) try(ctx context.Context, commands []host.Command, transaction bool) (verdict, error) {
	for _, c := range commands {
		v, err := s.run(ctx, c, transaction)
		if err != nil || v.fault != nil {
			return v, err
		}
	}
	return verdict{}, nil
}

// ladder remembers which steps were taken.
type ladder struct {
	session                                *Session
	before                                 Packages
	repaired, widened, narrowed, refreshed bool
	again                                  retries
	older                                  int  // how many older versions were tried
	downgraded                             bool // the manager was told that going back is meant
}

// olderTries bounds how many older versions are tried.
const olderTries = 5

// climb takes the next step against a verdict, and reports whether a further
// try makes sense.
func (l *ladder) climb(ctx context.Context, o *Order, v verdict, out *Outcome) (again bool, err error) {
	s := l.session
	switch {
	case v.way == repair && !l.repaired:
		l.repaired = true
		if err := s.Repair(ctx); err != nil {
			s.Host.Log.Warnf("the repair did not help: %v", err)
		}
		return ctx.Err() == nil, nil // our time ended over it: what was wrong before stands
	case v.way == later:
		return l.again.wait(ctx, s), nil
	case v.way == narrow && o.Source.All && !s.Source.All && !l.narrowed:
		l.narrowed = true
		o.Source.All = false
		s.Host.Log.Warnf("another package source stands in the way, using ours alone: %v", v.fault)
		return true, nil
	case v.way == none && v.fault != nil && v.fault.Code == fault.PackageManagerFailed && l.downgrade(*o, *out):
		l.downgraded = true
		o.Older = true
		return true, nil
	case v.way != widen:
		return false, nil
	case !o.Source.All && !l.widened && !l.narrowed:
		l.widened = true
		o.Source.All = true
		return true, nil
	case v.fault.Code == fault.PackageUnavailable && o.installs(v) && !s.Source.All:
		return false, nil // no other source's metadata will bring what ours does not have
	case o.Source.All && !l.refreshed:
		l.refreshed = true
		s.RefreshAll(ctx)
		return ctx.Err() == nil, nil
	}
	return l.takeOlder(ctx, o, v, out)
}

// downgrade reports whether the manager wants another word for going back to
// an older version, which shows when it did nothing about an exact one.
func (l *ladder) downgrade(o Order, out Outcome) bool {
	if l.downgraded || o.Reinstall {
		return false
	}
	for _, spec := range o.Install {
		p := out.Packages[spec.Name]
		if spec.Version != "" && p.State == Installed && !p.Satisfies(spec) && CompareVersions(spec.Version, p.Version) < 0 {
			return true
		}
	}
	return false
}

// takeOlder turns the wish for the newest version of a package into the wish
// for the one before it.
func (l *ladder) takeOlder(ctx context.Context, o *Order, v verdict, out *Outcome) (bool, error) {
	if v.fault.Code != fault.PackageManagerFailed || l.older >= olderTries {
		return false, nil
	}
	for i, spec := range o.Install {
		newest := out.Newest[spec.Name]
		if spec.Version != "" && newest == "" || !about(v, spec.Name) {
			continue
		}
		versions, err := l.session.Versions(ctx, spec.Name)
		if err != nil {
			return false, err
		}
		at := 0
		if spec.Version != "" {
			at = slices.Index(versions, spec.Version)
		}
		if at < 0 || at+1 >= len(versions) {
			return false, nil
		}
		older := versions[at+1]
		if had := l.before[spec.Name]; had.State == Installed && CompareVersions(older, had.Version) < 0 {
			return false, nil
		}
		l.older++
		out.Newest[spec.Name], out.Why = versions[0], v.fault
		o.Install = slices.Clone(o.Install)
		o.Install[i].Version = older
		l.session.Host.Log.Warnf("%s %s cannot be installed (%v), trying %s", spec.Name, versions[at], v.fault, older)
		return true, nil
	}
	return false, nil
}

// about reports whether a verdict is about a package.
func about(v verdict, name string) bool {
	return v.fault != nil && slices.ContainsFunc(strings.FieldsFunc(v.fault.What, func(r rune) bool {
		return r == ' ' || r == ',' || r == ':' || r == '\''
	}), func(word string) bool {
		rest, ok := strings.CutPrefix(word, name)
		return ok && (rest == "" || len(rest) > 1 && rest[0] == '-' && rest[1] >= '0' && rest[1] <= '9' || rest[0] == '.' || rest[0] == '=')
	})
}

// installs reports whether a verdict is about a package that the order wants.
func (o Order) installs(v verdict) bool {
	return slices.ContainsFunc(o.Install, func(spec Spec) bool { return about(v, spec.Name) })
}

// names are the packages that an order is about.
func (o Order) names() []string {
	list := make([]string, 0, len(o.Install)+len(o.Remove))
	for _, spec := range o.Install {
		list = append(list, spec.Name)
	}
	return append(list, o.Remove...)
}

// done reports whether the package database shows what the order wants.
func (o Order) done(now Packages) bool {
	for _, spec := range o.Install {
		if !now[spec.Name].Satisfies(spec) {
			return false
		}
	}
	return len(o.left(now)) == 0
}

// unmoved reports whether a package that could have moved to a newer version
// is still at the one that it was at before.
func (o Order) unmoved(before, now Packages) bool {
	return slices.ContainsFunc(o.Install, func(spec Spec) bool {
		was := before[spec.Name]
		return spec.Version == "" && was.State == Installed && was.Version == now[spec.Name].Version
	})
}

// left are those that were to go and are still there.
func (o Order) left(now Packages) []string {
	return slices.DeleteFunc(slices.Clone(o.Remove), func(name string) bool { return now[name].State == Absent })
}

// unmet is the fault of an order whose effect is not there: what the output
// said, or what the database lacks where the output said nothing.
func (s *Session) unmet(o Order, now Packages, said *fault.Fault) *fault.Fault {
	if said != nil {
		return said
	}
	for _, spec := range o.Install {
		p := now[spec.Name]
		switch {
		case p.State == Broken:
			return fault.New(fault.PackageManagerFailed, fmt.Sprintf("%s is not installed whole: %s.", p.Name, p.Detail),
				"See what "+transactionLog+" says of it, repair that, then set the extension again.")
		case p.State == Absent:
			return fault.New(fault.PackageManagerFailed, fmt.Sprintf("%s says that all went well, but %s is not installed.", s.Manager.Name, spec.Name),
				"See what "+transactionLog+" says of it, then set the extension again.")
		case !p.Satisfies(spec):
			return fault.New(fault.PackageManagerFailed, fmt.Sprintf("%s is at version %s and was not moved to %s.", p.Name, p.Version, spec.Version),
				"See what "+transactionLog+" says of it, then set the extension again.")
		}
	}
	for _, name := range o.Remove {
		if p := now[name]; p.State != Absent {
			return fault.New(fault.LegacyInstalled, fmt.Sprintf("%s %s is still installed.", p.Name, p.Version),
				"See what "+transactionLog+" says of it, remove it by hand, then set the extension again.")
		}
	}
	return nil
}
