package handler

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/decide"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/internal/trust"
	"aadssh/pkgmgr"
)

// ofOwner returns the fault of an entry of the administrator's own that is used for the
// repository, with its file and line, because that is where it is fixed. nil means that the
// entry's keys are not the cause.
func (w *work) ofOwner(e repo.Entry, said *fault.Fault) *fault.Fault {
	next := "have whoever wrote it bring the key that it names up to date (reinstall packages-microsoft-prod, if that brought it)"
	if w.Settings.Repository.Mode != agent.ModeExisting {
		next += ", or remove the entry, and " + fault.AddsItsOwn
	}
	next += fault.ThenAgain
	about := "The machine's own entry for the repository decides about its keys (" + e.Place() + "): "
	if gone := repo.KeyGone(w.host, e); gone != "" && (said.Code == fault.RepositoryUntrusted || strings.Contains(said.What, gone)) {
		what := "The entry for the repository in " + e.Place() + " names the key file " + gone + ", which is not there."
		if bad := (*pkgmgr.BadSignature)(nil); errors.As(said, &bad) && len(bad.Signers) > 0 {
			what += signedThere(bad.Signers)
		} else if !strings.Contains(said.What, gone) {
			what += " " + said.What
		}
		return fault.Wrap(said, fault.RepositoryUntrusted, what, about+next)
	}
	if key := notServed(e, said); key != "" {
		return fault.Wrap(said, fault.RepositoryUntrusted, "The entry for the repository in "+e.Place()+" names the key "+key+", which is not to be had there: "+said.What,
			about+next)
	}
	if said.Code != fault.RepositoryUntrusted {
		return nil
	}
	if key := w.notImported(e, said); key != "" {
		next = "it names the key that signed, which this machine has not imported: sudo rpm --import " + key + fault.ThenAgain
	}
	return fault.Wrap(said, said.Code, said.What, about+next)
}

// notImported is the key file of an entry that has the key which zypper says it does not
// accept: zypper asks a person before it imports one.
func (w *work) notImported(e repo.Entry, said *fault.Fault) string {
	if w.facts.Target.Manager != distro.Zypper {
		return ""
	}
	for _, key := range e.Keys() {
		path, isFile := strings.CutPrefix(key, "file://")
		content, err := w.host.ReadFile(path, keyLimit)
		if !isFile || err != nil {
			continue
		}
		if slices.ContainsFunc(trust.Fingerprints(content), func(f string) bool { return strings.Contains(said.What, f) }) {
			return path
		}
	}
	return ""
}

// notServed is the key of an entry that its server does not have or refuses to serve.
func notServed(e repo.Entry, said *fault.Fault) string {
	var refused *pkgmgr.Refusal
	if said.Code != fault.RepositoryUnreachable || !errors.As(said, &refused) {
		return ""
	}
	for _, key := range e.Keys() {
		u, err := url.Parse(key)
		if err == nil && u.Host != "" && u.Host == refused.Host && strings.HasPrefix(refused.Path, u.Path) {
			return key
		}
	}
	return ""
}

// distrusted checks, where only the machine's own entries are used and none has the
// package, whether one of them is not trusted: dnf skips such an entry, and dnf 5 does so
// without a message.
func (w *work) distrusted(ctx context.Context, err error) error {
	const most = 4 // each is a request
	said := fault.Of(err)
	if said == nil || !w.plan.Source.All || !said.Code.Is(fault.Unserved) {
		return err
	}
	entries := repo.Configuring(w.facts.Sources, w.facts.Target, repo.Options{Base: w.facts.PackageBase(), GOARCH: runtime.GOARCH})
	for _, e := range entries[:min(len(entries), most)] {
		if shared(&e, w.facts.Sources) {
			continue // the message may be about another entry of the same file
		}
		own := *w.session
		own.Source = pkgmgr.Source{ID: e.ID, ListFile: e.File, Proxy: w.plan.Source.Proxy, NoProxy: w.plan.Source.NoProxy}
		found := fault.Of(w.signed(ctx, own.Refresh(ctx), decide.IndexBelow(e.URI, e.Suite, w.facts.Target.Manager)))
		if found == nil {
			continue
		}
		if f := w.ofOwner(e, found); f != nil {
			return fault.Wrap(err, f.Code, f.What, f.Remedy())
		}
	}
	if len(entries) == 1 && said.Code == fault.RepositoryUntrusted { // there the untrusted part was a single package
		if f := w.ofOwner(entries[0], said); f != nil {
			return fault.Wrap(err, f.Code, f.What, f.Remedy())
		}
	}
	return w.passedOver(err)
}

// passedOver adds which of the machine's own definitions the package manager ignores, where
// only the machine's own are used.
func (w *work) passedOver(err error) error {
	said := fault.Of(err)
	for _, p := range w.facts.Problems {
		if p.Refused && said.Code == fault.PackageUnavailable {
			return fault.Wrap(err, said.Code, fmt.Sprintf("%s %s is passed over for its line %d: %s.", said.What, p.File, p.Line, p.What),
				"Correct that file: less "+p.File+fault.ThenAgain)
		}
	}
	return err
}
