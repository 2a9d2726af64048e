package handler

import (
	"context"
	"runtime"
	"strings"

	"aadssh/internal/decide"
	"aadssh/internal/fault"
)

// offered adds to the error of a package that our repository does not have the version that
// was asked for and the versions that it has. It must run while the repository is still
// defined: the definition is removed after this, and then the package manager's commands
// show nothing. If something on this machine excludes the package, that error stays.
func (w *work) offered(ctx context.Context, err error) error {
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
