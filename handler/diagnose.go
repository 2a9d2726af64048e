package handler

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/download"
	"aadsshlogin-handler/facts"
	"aadsshlogin-handler/fault"
)

// diagnosed adds to what a package manager said of its repository what is in
// the way: managers' own words about the network are poor. A repository that
// answers by now, and a failure of another kind, keep what was said.
func (w *work) diagnosed(ctx context.Context, err error) error {
	said := fault.Of(err)
	if said == nil || said.Code != fault.RepositoryUnreachable {
		return err
	}
	address := indexAddress(w.plan, w.facts, said.What)
	if address == "" {
		return err
	}
	found := download.Diagnose(ctx, address, w.proxy(ctx))
	if found == nil {
		return err
	}
	return fault.Wrap(errors.Join(err, found), found.Code, found.What, found.Remedy())
}

// proxy is the way that a package manager takes, for our own requests: what was
// set for us, else what it is configured with.
func (w *work) proxy(ctx context.Context) *url.URL {
	if set := w.facts.Proxy.Address(); set != nil {
		return set
	}
	return facts.MachineProxy(ctx, w.host, w.facts.Target.Manager).Address()
}

// indexAddress is the file that the package manager fetches first from the
// repository that it failed on; "" where that is not known or not of HTTP.
// Where only the owner's own repositories are used, it is the one of them whose
// host was named.
func indexAddress(p Plan, f facts.Facts, said string) string {
	base, suite := strings.TrimRight(f.PackageBase(), "/")+f.Target.Repository.Path, f.Target.Repository.Suite
	switch {
	case p.Existing != nil:
		base, suite = p.Existing.URI, p.Existing.Suite
	case p.Source.All:
		base = ""
		for _, e := range f.Sources {
			u, err := url.Parse(e.URI)
			if err == nil && e.Enabled && u.Hostname() != "" && strings.Contains(said, u.Hostname()) {
				base, suite = e.URI, e.Suite
				break
			}
		}
	}
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	if f.Target.Manager == distro.Apt {
		return u.String() + "/dists/" + suite + "/InRelease"
	}
	return u.String() + "/repodata/repomd.xml"
}
