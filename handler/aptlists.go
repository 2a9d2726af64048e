package handler

import (
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/fault"
	"aadssh/internal/repo"
	"aadssh/internal/state"
)

// removeLists removes the lists that apt fetched from the repository that we defined: they
// would stay until the next update and offer packages that no source has any more. Lists
// that another entry on the machine shares are left alone. It runs before the definition is
// removed, and if it fails the definition stays too: without it the next run would not know
// which lists are ours.
func (r *run) removeLists(receipt state.Receipt) error {
	path := repo.DefinitionPath(distro.Apt)
	if file, wrote := receipt.Files[path]; !wrote || file.Before != "" {
		return nil
	}
	r.host.Unread()
	entries, _ := repo.Entries(r.host, distro.Apt)
	if err := r.host.Unread(); err != nil {
		return fault.Unread(err, "A file that names repositories")
	}
	for _, ours := range entries {
		shared := func(e repo.Entry) bool { return e.File != path && e.URI == ours.URI && e.Suite == ours.Suite }
		prefix := listPrefix(ours)
		if ours.File != path || prefix == "" || slices.ContainsFunc(entries, shared) {
			continue
		}
		for _, file := range r.host.Glob("/var/lib/apt/lists/" + prefix + "*") {
			if _, err := r.host.RemoveFile(file); err != nil {
				return fault.Wrap(err, fault.Disk, "What apt fetched of the repository cannot be removed: "+err.Error()+".", "")
			}
		}
	}
	return nil
}

// listPrefix is how apt's file names for the lists of an entry begin: the address without
// its scheme, with an underscore for each slash (apt-pkg/contrib/strutl.cc, URItoFileName).
// It is "" for an address that apt would have to escape.
func listPrefix(e repo.Entry) string {
	_, address, ok := strings.Cut(strings.TrimRight(e.URI, "/"), "://")
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-/"
	if whole := address + e.Suite; !ok || e.Suite == "" || strings.Trim(whole, plain) != "" {
		return ""
	}
	return strings.ReplaceAll(address+"/dists/"+e.Suite+"/", "/", "_")
}
