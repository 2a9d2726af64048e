package sshd

import "slices"

// NoLists reports whether no list of users or groups is effective for anybody, so that what
// a log says about such a list is over.
func (f *Facts) NoLists() bool {
	for _, e := range f.Users {
		if slices.ContainsFunc([]string{"allowusers", "denyusers", "allowgroups", "denygroups"}, e.Has) {
			return false
		}
	}
	return len(f.Users) > 0
}

// Accepts reports whether an algorithm is now in a list for everybody: "Pubkey" is that of
// signatures by people's keys, "CASignature" that of their certificates.
func (f *Facts) Accepts(list, algorithm string) bool {
	for _, e := range f.Users {
		accepted, _ := e.Accepted()
		if list == "CASignature" {
			accepted = split(e.Value("casignaturealgorithms"))
		}
		if !slices.Contains(accepted, algorithm) {
			return false
		}
	}
	return len(f.Users) > 0 && list != "Hostbased"
}
