package repo

import (
	"fmt"
	"slices"
	"strconv"

	"aadssh/distro"
	"aadssh/internal/fault"
)

// Reuse finds the administrator's own entry that configures the repository of t, below
// o.Base, for packages of o.GOARCH. It is used instead of one of ours: apt refuses to work
// at all if the same repository is configured twice with different keys ("Conflicting
// values set for option Signed-By"). Nil without an error means that ours has to be
// written.
//
// Entries that are disabled, or in a file of ours, do not count. If such an entry is found
// although there is a file of ours, ours must be removed.
//
// An entry whose key file is missing (MissingKey) is used if we have a key for it: a
// handler that was removed may have left its list and removed the key.
//
// The error is a *fault.Fault: RepositoryUntrusted for an entry that does not verify
// signatures, PackageUnavailable for one that excludes our packages and conflicts with
// ours.
func Reuse(entries []Entry, t distro.Target, o Options) (*Entry, error) {
	var usable, narrow *Entry
	for i, e := range entries {
		if !e.Enabled || ours(e.File) || !e.configures(t, o) {
			continue
		}
		switch {
		case !e.Verifies && (e.MissingKey == "" || !o.Pinned):
			return nil, e.Untrusted()
		case !e.covers(t, o.GOARCH):
			narrow = &entries[i]
		case usable == nil:
			usable = &entries[i]
		}
	}
	if usable == nil && narrow != nil {
		arch := dpkgArch(o.GOARCH)
		return nil, fault.New(fault.PackageUnavailable,
			narrow.Place()+" configures "+narrow.URI+", but not for packages of "+arch+" in the component "+t.Repository.Component+", and apt takes no second entry beside it.",
			fmt.Sprintf("Make line %d of %s (%s) a deb entry for %s and %s, or remove it"+fault.ThenAgain,
				narrow.Line, narrow.File, narrow.Shown(), arch, t.Repository.Component))
	}
	if usable != nil {
		if f := usable.namesake(entries); f != nil {
			return nil, f
		}
	}
	return usable, nil
}

// Configuring are the enabled entries of the administrator's own that configure the
// repository of t, whether they verify or not.
func Configuring(entries []Entry, t distro.Target, o Options) []Entry {
	var all []Entry
	for _, e := range entries {
		if e.Enabled && !e.Sources && !ours(e.File) && e.configures(t, o) {
			all = append(all, e)
		}
	}
	return all
}

// Sourced reports whether one of the enabled entries is for the repository of t: the
// administrator's or our own.
func Sourced(entries []Entry, t distro.Target, o Options) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Enabled && !e.Sources && ours(e.File) }) || len(Configuring(entries, t, o)) > 0
}

// configures reports whether the entry is for the repository of t, under any
// of the addresses that serve it.
func (e *Entry) configures(t distro.Target, o Options) bool {
	// The image's own definition always counts, whatever its address, unless the settings
	// name a mirror.
	if image := t.Repository.OnImage; image != nil && e.ID == image.ID && !o.Mirror {
		return true
	}
	if t.Repository.Suite != "" && e.Suite != t.Repository.Suite {
		return false
	}
	found, ok := locate(e.URI)
	if !ok {
		return false
	}
	for _, p := range append([]string{t.Repository.Path}, t.Repository.OtherPaths...) {
		if wanted, ok := locate(join(o.Base, p)); ok && wanted.same(found) {
			return true
		}
	}
	return false
}

// covers reports whether the entry provides our packages.
func (e *Entry) covers(t distro.Target, goarch string) bool {
	if t.Manager != distro.Apt {
		return true
	}
	return !e.Sources &&
		(len(e.Arches) == 0 || slices.Contains(e.Arches, dpkgArch(goarch))) &&
		slices.Contains(e.Components, t.Repository.Component)
}

// FreeID is the ID of our definition, or a similar one that no other file has: of two
// definitions with one ID, the manager uses the one in the first file, whatever its address
// and its checks.
func FreeID(entries []Entry, t distro.Target) string {
	id := t.Repository.ID
	for n := 2; t.Manager != distro.Apt && slices.ContainsFunc(entries, func(e Entry) bool { return e.ID == id && !ours(e.File) }); n++ {
		id = t.Repository.ID + "-" + strconv.Itoa(n)
	}
	return id
}

// namesake is the fault of an entry to be used whose ID another file has too, for another
// address or without a check of signatures.
func (e *Entry) namesake(entries []Entry) *fault.Fault {
	for _, other := range entries {
		if e.ID == "" || other.ID != e.ID || other.File == e.File || ours(other.File) || other.URI == e.URI && other.Verifies {
			continue
		}
		return fault.New(fault.RepositoryUntrusted,
			"The repository "+shown(e.ID)+" is defined in "+e.Place()+" and, for "+shown(other.URI)+", in "+other.Place()+": which one counts is not for us to guess.",
			"Give one of the two ("+e.Shown()+"; "+other.Shown()+") another id between its brackets, or remove it"+fault.ThenAgain)
	}
	return nil
}
