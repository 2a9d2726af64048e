package sshd

import "slices"

// NoLists says whether no list of users or groups is in force for anybody, so
// that what such a list once said is of the past.
func (f *Facts) NoLists() bool {
	for _, e := range f.Users {
		for _, keyword := range []string{"allowusers", "denyusers", "allowgroups", "denygroups"} {
			if e.Has(keyword) {
				return false
			}
		}
	}
	return len(f.Users) > 0
}

// Accepts says whether an algorithm is in a list for everybody now: "Pubkey" is
// that of signatures by people's keys, "CASignature" that of their certificates.
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
