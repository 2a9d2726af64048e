package handler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"aadssh/distro"
	"aadssh/internal/decide"
	"aadssh/internal/download"
	"aadssh/internal/fault"
	"aadssh/internal/proxy"
	"aadssh/internal/state"
	"aadssh/internal/trust"
	"aadssh/pkgmgr"
)

// diagnosed adds the cause to what a package manager said about its repositories. Package
// managers say little about the network, and where only the administrator's repositories
// are used they call a package unavailable when they could not read its repository. If the
// cause is gone by now, the original error is returned.
func (w *work) diagnosed(ctx context.Context, err error) error {
	said := fault.Of(err)
	if said == nil {
		return nil
	}
	if e := w.plan.Existing; e != nil {
		if f := w.ofOwner(*e, said); f != nil {
			return fault.Wrap(err, f.Code, f.What, f.Remedy())
		}
	}
	if w.plan.Source.All {
		if err = w.distrusted(ctx, err); fault.Of(err).Code == fault.RepositoryUntrusted {
			return err
		}
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

// signed adds to an error about untrusted metadata the fingerprint of the key that signed
// it, read from the signature itself: package managers print a short key ID or none. If the
// signature cannot be fetched, the error is returned unchanged. address is that of the
// index.
func (w *work) signed(ctx context.Context, err error, address string) error {
	const wait = 15 * time.Second
	said := fault.Of(err)
	if said == nil || said.Code != fault.RepositoryUntrusted || address == "" || fingerprint(said.What) {
		return err
	}
	if w.facts.Target.Manager != distro.Apt {
		address += ".asc"
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	client := download.Client{Proxy: w.proxy(ctx, address), Log: w.log}
	signature, noAnswer := client.Get(ctx, address, indexLimit)
	if noAnswer == nil && !bytes.Contains(signature, []byte("-----BEGIN PGP ")) { // some package managers report a missing signature as an invalid one
		return fault.Wrap(err, fault.RepositoryUnreachable, "What came in the place of the signature of "+address+" is no signature: a proxy or portal answered, or something on the way changes files.",
			"See what answers: curl -sSv "+address+" | head"+fault.ThenAgain)
	}
	signers := trust.MetadataSigners(signature)
	if noAnswer != nil || len(signers) == 0 {
		return err
	}
	return fault.Wrap(errors.Join(&pkgmgr.BadSignature{Signers: signers}, err), said.Code, named(said.What, signers), said.Remedy())
}

// named inserts the full fingerprints of keys where a text has only the end of one, or one
// with blanks, and otherwise appends them.
func named(what string, keys []string) string {
	four := regexp.MustCompile(`.{4}`)
	for _, key := range keys {
		blanks := strings.TrimSpace(four.ReplaceAllString(key, "$0 "))
		for _, form := range []string{blanks, key[max(0, len(key)-16):]} {
			if strings.Contains(what, form) {
				return strings.Replace(what, form, key, 1)
			}
		}
	}
	return strings.TrimSuffix(what, ".") + "." + signedThere(keys)
}

// signedThere is the sentence that names the keys of a signature.
func signedThere(keys []string) string {
	return " The signature there is by the key " + strings.Join(keys, " and ") + "."
}

// refused adds to an error about an untrusted package which key signed it, where the
// package manager left no file to read that from.
func (w *work) refused(ctx context.Context, err error) error {
	const wait = 30 * time.Second
	said, base := fault.Of(err), strings.TrimSuffix(decide.IndexAddress(w.plan, w.facts), "repodata/repomd.xml")
	if said == nil || said.Code != fault.RepositoryUntrusted || w.plan.Source.All || base == "" {
		return err
	}
	location := w.session.Refused(said)
	if location == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	client := download.Client{Proxy: w.proxy(ctx, base), Log: w.log}
	pkg, noAnswer := client.Get(ctx, base+location, state.PackageLimit)
	if f := pkgmgr.SignedBy(said, pkg); noAnswer == nil && f != nil {
		return f
	}
	return err
}

// indexLimit is the largest accepted size of a signed index, in bytes.
const indexLimit = 16 << 20

// fingerprint reports whether a text contains the full fingerprint of a key.
func fingerprint(text string) bool {
	return regexp.MustCompile(`\b[0-9A-F]{40}(?:[0-9A-F]{24})?\b`).MatchString(text)
}

// proxy is the proxy that the package manager uses for an address: the one in our settings,
// or else the one in its configuration. Our own requests use it too.
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

// suspects are the first files that the package manager fetches from the repositories that
// it may have failed on, without duplicates. If only the administrator's repositories are
// used, these are the ones that the error names, or else all of them up to a limit: each
// may cost a timeout.
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

// diskBehind checks whether the disk is why a package manager failed: on a full or
// read-only disk they report missing signatures and servers that do not answer.
func (w *work) diskBehind(err error) error {
	said := fault.Of(err)
	if said == nil || !said.Code.Is(fault.MaybeDisk) {
		return err
	}
	folder, why, found := w.host.FullOrReadOnly("/var/lib", "/var/cache", "/etc", "/usr", "/var/tmp", "/tmp")
	if !found {
		return err
	}
	return fault.Wrap(err, fault.Disk, "The file system of "+folder+" "+why+". So the package manager failed: "+said.What,
		fmt.Sprintf("Free space there or make it writable (df -h %[1]s; findmnt -T %[1]s)"+fault.AndAgain, folder))
}
