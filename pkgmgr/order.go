package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// order executes an order: it tries, checks the result, and decides whether to try again.
// Each step against a failure is taken once.
func (s *Session) order(ctx context.Context, o Order, build func(Order) []host.Command, k kind) (Outcome, error) {
	if f := s.fits(o, s.Source); f != nil {
		return Outcome{}, f
	}
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
	t := task{
		session: s, order: o, build: build, kind: k, changes: k == transacts,
		outcome: Outcome{Newest: map[string]string{}},
		ladder:  ladder{session: s, before: before},
	}
	for {
		said, err := t.attempt(ctx)
		said = s.signedWith(t.order, said)
		if err == nil {
			err = t.query(ctx, said)
		}
		if err != nil {
			return t.outcome, err
		}
		if end, err := t.settle(ctx, said); end {
			return t.outcome, err
		}
	}
}

// task is an order that is being executed.
type task struct {
	session *Session
	order   Order
	build   func(Order) []host.Command // the manager's commands for an order
	kind    kind                       // of these commands
	changes bool                       // they change the packages; otherwise they only fetch them
	outcome Outcome
	ladder  ladder
}

// attempt is one try.
func (t *task) attempt(ctx context.Context) (diagnosis, error) {
	t.order.LockWait, t.order.Files = t.session.lockWait(ctx), nil
	if t.session.alone() {
		said, err := t.session.fetchAlone(ctx, &t.order, t.ladder.before)
		if err != nil || said.fault != nil || len(t.order.Files) == 0 {
			return said, err
		}
	}
	fetchesFirst := t.session.fetchesFirst(t.order)
	if fetchesFirst {
		said, err := t.session.fetch(ctx, &t.order, t.ladder.before)
		if err != nil || said.fault != nil || !t.changes || len(t.order.Files) == 0 {
			return said, err
		}
		if err := t.session.trustFiles(ctx); err != nil {
			return diagnosis{}, err
		}
	}
	said, err := t.session.simulated(ctx, t.order, t.ladder.before)
	if err != nil || said.fault != nil {
		return said, err
	}
	if !fetchesFirst && t.session.Manager.FetchDir != "" {
		said, err = t.session.fetch(ctx, &t.order, t.ladder.before)
		if err != nil || said.fault != nil || !t.changes || len(t.order.Files) == 0 {
			return said, err // without a file, everything wanted is already installed
		}
	}
	return t.session.try(ctx, t.build(t.order), t.kind)
}

// query asks the package database for the result of a try, and removes replaced packages if
// the new ones do not declare that they replace them.
func (t *task) query(ctx context.Context, said diagnosis) error {
	now, err := t.session.Query(ctx, t.order.names()...)
	if err != nil {
		return err
	}
	t.outcome.Packages = now
	left := t.order.left(now)
	there := !slices.ContainsFunc(t.order.Install, func(spec Spec) bool { return !now[spec.Name].Satisfies(spec) })
	if !t.changes || said.fault != nil || !there || len(left) == 0 {
		return nil
	}
	if err := t.session.Remove(ctx, left); err != nil {
		return err
	}
	for _, name := range left {
		now[name] = Package{Name: name}
	}
	return nil
}

// settle decides whether a try was the last one. The error is then the result of the order.
func (t *task) settle(ctx context.Context, said diagnosis) (end bool, err error) {
	log, now := t.session.Host.Log, t.outcome.Packages
	reached := said.fault == nil
	if t.changes {
		reached = t.order.done(now) && (!t.order.Reinstall || said.fault == nil)
	}
	stuck := reached && t.changes && said.fault != nil && t.order.unmoved(t.ladder.before, now)
	if reached && !stuck && said.step != scripts {
		if said.fault != nil {
			log.Warnf("the packages are in place, but the package manager says: %v", said.fault)
		}
		return true, nil
	}
	if t.changes {
		said = t.missed(said)
	}
	again, err := t.ladder.climb(ctx, &t.order, said, &t.outcome)
	switch {
	case err != nil:
		return true, err
	case again:
		return false, nil
	case stuck && said.step != scripts:
		log.Warnf("the packages stay at the versions that they were at: %v", said.fault)
		t.outcome.Why = said.fault
		return true, nil
	}
	if f := t.ladder.stale; f != nil && t.session.Source.All && said.fault != nil && said.fault.Code == fault.PackageUnavailable {
		return true, nowhere(said.fault, f)
	}
	return true, orNil(said.fault)
}

// missed is what is wrong if only the packages show it and not the manager, which may have
// been told to skip what it cannot get.
func (t *task) missed(said diagnosis) diagnosis {
	lacks := slices.ContainsFunc(t.order.Install, func(spec Spec) bool { return t.outcome.Packages[spec.Name].State == Absent })
	if said.fault == nil && !t.order.Source.All && lacks {
		said.step = widen
	}
	said.fault = t.session.unmet(t.order, t.outcome.Packages, said.fault)
	return said
}

// nowhere is the fault if only the machine's own sources are used, one of them could not be
// read, and no other has the package.
func nowhere(said, stale *fault.Fault) *fault.Fault {
	what := said.What + " One of them cannot be read: " + stale.What
	if stale.Code == fault.RepositoryUntrusted {
		what = stale.What + " So nothing of that source is used, and no other one has the package."
	}
	return fault.Wrap(errors.Join(stale, said), stale.Code, what, stale.Remedy())
}

// try runs the commands of one try until one fails.
func (s *Session) try(ctx context.Context, commands []host.Command, k kind) (diagnosis, error) {
	for _, c := range commands {
		d, err := s.run(ctx, c, k)
		if err != nil || d.fault != nil {
			return d, err
		}
	}
	return diagnosis{}, nil
}

// names are the packages that an order concerns.
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

// unmoved reports whether a package that could have been updated still has the version from
// before.
func (o Order) unmoved(before, now Packages) bool {
	return slices.ContainsFunc(o.Install, func(spec Spec) bool {
		was := before[spec.Name]
		return spec.Version == "" && was.State == Installed && was.Version == now[spec.Name].Version
	})
}

// left are the packages that should have been removed and are still there.
func (o Order) left(now Packages) []string {
	return slices.DeleteFunc(slices.Clone(o.Remove), func(name string) bool { return now[name].State == Absent })
}

// unmet is the fault of an order without the wanted effect: what the output said or, if it
// said nothing, what the database lacks.
func (s *Session) unmet(o Order, now Packages, said *fault.Fault) *fault.Fault {
	if said != nil {
		return said
	}
	for _, spec := range o.Install {
		p := now[spec.Name]
		switch {
		case p.State == Broken:
			return fault.New(fault.PackageManagerFailed, p.Name+" is not installed whole: "+p.Detail+".",
				seeTransactionLog+", repair that"+andAgain)
		case p.State == Absent:
			return fault.New(fault.PackageManagerFailed, fmt.Sprintf("%s says that all went well, but %s is not installed.", s.Manager.Name, spec.Name),
				seeTransactionLog+", and whether the machine's configuration lets it install nothing ("+s.Manager.Tries+"); lift that"+andAgain)
		case !p.Satisfies(spec):
			return fault.New(fault.PackageManagerFailed, p.Name+" is at version "+p.Version+" and was not moved to "+spec.Version+".",
				seeTransactionLog+andAgain)
		}
	}
	for _, name := range o.Remove {
		if p := now[name]; p.State != Absent {
			return fault.New(fault.LegacyInstalled, p.Name+" "+p.Version+" is still installed.",
				seeTransactionLog+", remove it by hand"+andAgain)
		}
	}
	return nil
}
