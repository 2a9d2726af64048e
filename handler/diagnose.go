package handler

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"aadsshlogin-handler/internal/decide"
	"aadsshlogin-handler/internal/download"
	"aadsshlogin-handler/internal/fault"
	"aadsshlogin-handler/internal/proxy"
)

// diagnosed adds to what a package manager said of its repositories what is in
// the way: managers' own words about the network are poor, and where only the
// owner's repositories are used they call a package unavailable whose
// repository they could not read. Where nothing is in the way by now, what was
// said stands.
func (w *work) diagnosed(ctx context.Context, err error) error {
	said := fault.Of(err)
	if said == nil {
		return nil
	}
	if e := w.plan.Existing; e != nil && said.Code == fault.RepositoryUntrusted {
		return fault.Wrap(err, said.Code, said.What, "The machine's own entry for the repository decides about its keys ("+e.Place()+"): bring the key that it names up to date "+
			"(reinstall packages-microsoft-prod, if that brought it), or remove the entry, and the extension adds its own; then set the extension again.")
	}
	unavailable := said.Code == fault.PackageUnavailable && w.plan.Source.All
	if said.Code != fault.RepositoryUnreachable && !unavailable {
		return err
	}
	for _, address := range w.suspects(said) {
		found := download.Diagnose(ctx, address, w.proxy(ctx, address))
		if found == nil {
			continue
		}
		what := found.What
		if unavailable {
			what = said.What + " One of them cannot be read: " + found.What
		}
		return fault.Wrap(errors.Join(err, found), found.Code, what, found.Remedy())
	}
	return err
}

// proxy is the way that a package manager takes to an address, for our own
// requests: what was set for us, else what it is configured with.
func (w *work) proxy(ctx context.Context, address string) *url.URL {
	if set := w.facts.Proxy.Address(); set != nil {
		return set
	}
	found := proxy.OfManager(ctx, w.host, w.facts.Target.Manager, address)
	if found.Unread != nil {
		w.log.Warnf("the proxy in %s is not used: %v", found.Origin, found.Unread)
	}
	return found.Address()
}

// suspects are the files that the package manager fetched first from the
// repositories that it may have failed on, each once. Where only the owner's
// are used these are the ones that it named, else all of them, up to a bound:
// each may cost a timeout.
func (w *work) suspects(said *fault.Fault) []string {
	const most = 4
	if !w.plan.Source.All {
		return []string{decide.IndexAddress(w.plan, w.facts)}
	}
	var named, all []string
	for _, e := range w.facts.Sources {
		address := decide.IndexBelow(e.URI, e.Suite, w.facts.Target.Manager)
		if !e.Enabled || e.Sources || address == "" || slices.Contains(all, address) {
			continue
		}
		all = append(all, address)
		if u, err := url.Parse(e.URI); err == nil && strings.Contains(said.What, u.Hostname()) {
			named = append(named, address)
		}
	}
	if len(named) > 0 {
		all = named
	}
	return all[:min(len(all), most)]
}

// starved looks for a disk behind a failure of a package manager: on a full or
// read-only one they speak of missing signatures and servers that do not answer.
func (w *work) starved(err error) error {
	said := fault.Of(err)
	if said == nil || !said.Code.Is(fault.Starving) {
		return err
	}
	folder, why, found := w.host.Starved("/var/lib", "/var/cache", "/etc", "/usr", "/var/tmp", "/tmp")
	if !found {
		return err
	}
	return fault.Wrap(err, fault.Disk, fmt.Sprintf("The file system of %s %s. So the package manager failed: %s", folder, why, said.What),
		fmt.Sprintf("Free space there or make it writable (df -h %[1]s; findmnt -T %[1]s), and set the extension again.", folder))
}
