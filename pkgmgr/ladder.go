package pkgmgr

import (
	"context"
	"slices"
	"strings"

	"aadssh/internal/fault"
)

// ladder records which steps were taken.
type ladder struct {
	session                                *Session
	before                                 Packages
	repaired, widened, narrowed, refreshed bool
	stale                                  *fault.Fault // of the refresh of all sources, if one of them could not be read
	again                                  retries
	older                                  int  // how many older versions were tried
	downgraded                             bool // the manager was told that a downgrade is intended
}

// olderTries is how many older versions are tried at most.
const olderTries = 5

// climb takes the next step against a diagnosis, and reports whether another try makes
// sense.
func (l *ladder) climb(ctx context.Context, o *Order, d diagnosis, out *Outcome) (again bool, err error) {
	switch d.step {
	case repair:
		return l.repair(ctx), nil
	case later:
		return l.again.wait(ctx, l.session), nil
	case refetch:
		l.session.forget(o.Install)
		return l.again.wait(ctx, l.session), nil
	case narrow:
		return l.narrow(o, d), nil
	case widen:
		return l.widen(ctx, o, d, out)
	case none, unexplained:
		if d.fault != nil && d.fault.Code == fault.PackageManagerFailed && l.downgrade(*o, *out) {
			l.downgraded = true
			o.Older = true
			return true, nil
		}
	}
	return false, nil
}

// repair finishes or undoes an interrupted run.
func (l *ladder) repair(ctx context.Context) bool {
	if l.repaired {
		return false
	}
	l.repaired = true
	if err := l.session.Repair(ctx); err != nil {
		l.session.Host.Log.Warnf("the repair did not help: %v", err)
	}
	return ctx.Err() == nil // our time ended meanwhile: the fault before it stays
}

// narrow stops using the other sources of the machine.
func (l *ladder) narrow(o *Order, d diagnosis) bool {
	if !o.Source.All || l.session.Source.All || l.narrowed {
		return false
	}
	l.narrowed = true
	o.Source.All = false
	l.session.Host.Log.Warnf("using our package source alone: %v", d.fault)
	return true
}

// widen searches further for what is missing: in the other sources of the machine, in their
// current metadata, and for older versions.
func (l *ladder) widen(ctx context.Context, o *Order, d diagnosis, out *Outcome) (bool, error) {
	switch {
	case d.fault.Code == fault.PackageUnavailable && o.installs(d) && !l.session.Source.All:
		return false, nil // no other source may provide what ours does not have
	case !o.Source.All && !l.widened && !l.narrowed:
		l.widened = true
		o.Source.All = true
		return true, nil
	case o.Source.All && !l.refreshed:
		l.refreshed = true
		l.stale = fault.Of(l.session.RefreshAll(ctx))
		return ctx.Err() == nil, nil
	}
	return l.takeOlder(ctx, o, d, out)
}

// downgrade reports whether the manager needs another option to go back to an older
// version, which shows in that it did nothing for an exact version.
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

// takeOlder changes an order for the newest version of a package into one for the version
// before it.
func (l *ladder) takeOlder(ctx context.Context, o *Order, d diagnosis, out *Outcome) (bool, error) {
	if d.fault.Code != fault.PackageManagerFailed || l.older >= olderTries {
		return false, nil
	}
	for i, spec := range o.Install {
		newest := out.Newest[spec.Name]
		if spec.Version != "" && newest == "" || !about(d, spec.Name) {
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
		out.Newest[spec.Name], out.Why = versions[0], d.fault
		o.Install = slices.Clone(o.Install)
		o.Install[i].Version = older
		l.session.Host.Log.Warnf("%s %s cannot be installed (%v), trying %s", spec.Name, versions[at], d.fault, older)
		return true, nil
	}
	return false, nil
}

// Concerns reports whether a fault is about one of the packages.
func Concerns(f *fault.Fault, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return about(diagnosis{fault: f}, name) })
}

// about reports whether a diagnosis concerns a package.
func about(d diagnosis, name string) bool {
	return d.fault != nil && slices.ContainsFunc(strings.FieldsFunc(d.fault.What, func(r rune) bool {
		return r == ' ' || r == ',' || r == ':' || r == '\''
	}), func(word string) bool {
		rest, ok := strings.CutPrefix(word, name)
		return ok && (rest == "" || len(rest) > 1 && rest[0] == '-' && rest[1] >= '0' && rest[1] <= '9' || rest[0] == '.' || rest[0] == '=')
	})
}

// installs reports whether a diagnosis concerns a package that the order installs.
func (o Order) installs(d diagnosis) bool {
	return slices.ContainsFunc(o.Install, func(spec Spec) bool { return about(d, spec.Name) })
}
