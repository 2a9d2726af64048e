package repo

import (
	"fmt"
	"slices"
	"strconv"

	"aadssh/distro"
	"aadssh/internal/fault"
)

// Reuse finds the entry of the machine's owner that configures the repository
// of t, below o.Base, for packages of o.GOARCH. It is used in the place of one of
// ours: apt refuses to work at all where the same repository is configured
// twice with different keys ("Conflicting values set for option Signed-By").
// Nil without an error means that ours is to be written.
//
// Entries that are disabled, or in a file of ours, do not count. Where an
// owner's entry is found although a file of ours is there, ours must go.
//
// An entry whose key file is not there (MissingKey) is used where we have a key
// for it: a handler that was removed may have left its list and taken the key.
//
// The error is a *fault.Fault: RepositoryUntrusted for an entry that does not
// verify signatures, PackageUnavailable for one that leaves our packages out
// and stands in the way of ours.
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

// Configuring are the enabled entries of the machine's owner that configure the
// repository of t, whatever they verify.
func Configuring(entries []Entry, t distro.Target, o Options) []Entry {
	var all []Entry
	for _, e := range entries {
		if e.Enabled && !e.Sources && !ours(e.File) && e.configures(t, o) {
			all = append(all, e)
		}
	}
	return all
}

// Sourced reports whether one of the enabled entries leads to the repository of t: the
// owner's, or our definition.
func Sourced(entries []Entry, t distro.Target, o Options) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Enabled && !e.Sources && ours(e.File) }) || len(Configuring(entries, t, o)) > 0
}

// configures reports whether the entry is for the repository of t, under any
// of the addresses that serve it.
func (e Entry) configures(t distro.Target, o Options) bool {
	// The image's own definition counts wherever it leads, unless the owner
	// asked for a mirror by a setting.
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

// covers reports whether our packages are among what the entry brings.
func (e Entry) covers(t distro.Target, goarch string) bool {
	if t.Manager != distro.Apt {
		return true
	}
	return !e.Sources &&
		(len(e.Arches) == 0 || slices.Contains(e.Arches, dpkgArch(goarch))) &&
		slices.Contains(e.Components, t.Repository.Component)
}

// FreeID is the id of our definition, or one like it that no other file has: of
// two definitions of one id the manager takes the one in the file that comes
// first, wherever that leads and whatever it verifies.
func FreeID(entries []Entry, t distro.Target) string {
	id := t.Repository.ID
	for n := 2; t.Manager != distro.Apt && slices.ContainsFunc(entries, func(e Entry) bool { return e.ID == id && !ours(e.File) }); n++ {
		id = t.Repository.ID + "-" + strconv.Itoa(n)
	}
	return id
}

// namesake is the fault of an entry to be used whose id another file has too, for
// another address or without looking at signatures.
func (e Entry) namesake(entries []Entry) *fault.Fault {
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
