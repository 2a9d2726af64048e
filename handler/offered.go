package handler

import (
	"context"
	"runtime"
	"strings"

	"aadssh/internal/decide"
	"aadssh/internal/fault"
)

// offered says of a package that our repository does not have what it was asked
// for and what it has, while its definition is still there: it is taken back
// after this, and the commands of the package manager show nothing then. Where
// something on this machine keeps the package out, that stands.
func (w *work) offered(ctx context.Context, s decide.Step, err error) error {
	said := fault.Of(err)
	if said == nil || said.Code != fault.PackageUnavailable || w.plan.Source.All {
		return err
	}
	name, asked := w.facts.Target.Packages.Login, w.facts.Settings.PackageVersion
	versions, noAnswer := w.session.Versions(ctx, name)
	address := decide.IndexAddress(w.plan, w.facts)
	if noAnswer != nil || address == "" || len(versions) > 0 && asked == "" {
		return err
	}
	what := address + " has no " + strings.TrimSpace(name+" "+asked) + " for " + w.facts.Target.Name + " on " + runtime.GOARCH
	next := "See what is there: curl -fsSI " + address + "; docs/distributions.md lists the releases that have the package."
	switch {
	case len(versions) > 0:
		what += "; it has " + strings.Join(versions[:min(len(versions), 5)], ", ")
		next = "Set packageVersion to one that is there, or leave it out" + fault.AndAgain + " See also: curl -fsSI " + address + "."
	case asked != "":
		what += ", nor any other version of it"
	}
	return fault.Wrap(err, said.Code, what+".", next)
}
