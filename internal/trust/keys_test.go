package trust

import (
	"fmt"
	"slices"
)

// fingerprints lists the primary keys of a keyring on disk, armored or binary,
// sorted. It does not verify them.
func fingerprints(keyring []byte) ([]string, error) {
	all, err := candidates(keyring)
	if err != nil {
		return nil, fmt.Errorf("the keyring cannot be read: %w", err)
	}
	var found []string
	for _, c := range all {
		if c.fingerprint != "" {
			found = append(found, c.fingerprint)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// pinned reports whether a fingerprint, as fingerprints gives it, is one of
// pins. A build for the test rig also knows the rig's key.
func pinned(pins []Pin, fingerprint string) bool {
	return slices.Contains(allowed(pins), fingerprint)
}
