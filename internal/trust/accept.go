package trust

import (
	"fmt"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"aadssh/internal/fault"
)

// Accept makes the keyring for a repository: the pinned keys among the downloaded key files
// (armored or binary, concatenated), and all of extra, the armored public keys in the
// setting repository.trustedKeys. With extra, nothing needs to be downloaded, and a
// download need not contain a pinned key.
//
// The error is a *fault.Fault: RepositoryUntrusted if the download contains no usable key,
// SettingsInvalid if one of extra is not a key.
func Accept(downloaded []byte, pins []Pin, extra [][]byte) (Keyring, error) {
	now := time.Now()
	keys, err := named(extra, now)
	if err != nil {
		return Keyring{}, err
	}
	if len(downloaded) > 0 || len(extra) == 0 {
		if err := addPinned(keys, downloaded, pins, now); err != nil {
			return Keyring{}, err
		}
	}
	ring, err := newKeyring(keys)
	if err != nil {
		return Keyring{}, fault.Wrap(err, fault.RepositoryUntrusted, "The signing key of the package repository cannot be used.", "")
	}
	return ring, nil
}

// Damaged reports whether one of the keys in the setting repository.trustedKeys can never
// be used, whatever the time is. The error is a *fault.Fault with code SettingsInvalid.
func Damaged(extra [][]byte) error {
	_, err := named(extra, time.Time{})
	return err
}

// Validate checks the keys in the setting repository.trustedKeys. The error is a
// *fault.Fault with code SettingsInvalid.
func Validate(extra [][]byte) error {
	_, err := named(extra, time.Now())
	return err
}

// named reads the keys in the settings; every one must be valid.
func named(extra [][]byte, now time.Time) (map[string]*openpgp.Entity, error) {
	keys := map[string]*openpgp.Entity{}
	for i, file := range extra {
		all, err := candidates(file)
		for _, c := range all {
			var e *openpgp.Entity
			if e, err = c.verify(now); err != nil {
				break
			}
			if why := weakness(e); why != "" {
				return nil, weak(i, c, why)
			}
			keys[fingerprintOf(e)] = e
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.SettingsInvalid,
				fmt.Sprintf("Key %d of the setting repository.trustedKeys cannot be used: %v.", i+1, err),
				"Give each key as the text of an armored public key, from its BEGIN PGP PUBLIC KEY BLOCK line to its END line: gpg --armor --export KEY")
		}
	}
	return keys, nil
}

// addPinned adds the pinned keys in a download to keys, which already has those in the
// settings.
func addPinned(keys map[string]*openpgp.Entity, downloaded []byte, pins []Pin, now time.Time) error {
	all, err := candidates(downloaded)
	if err != nil {
		return fault.Wrap(err, fault.RepositoryUntrusted,
			fmt.Sprintf("The key file that the package repository serves cannot be used: %v.", err),
			"Ask whoever runs the proxy or mirror that answers for the repository; or put the armored text of the signing key into the setting repository.trustedKeys.")
	}
	trusted := allowed(pins)
	var found []string
	var unusable error // why the last pinned key cannot be used
	usable := len(keys) > 0
	for _, c := range all {
		if !slices.Contains(trusted, c.fingerprint) {
			found = append(found, c.String())
			continue
		}
		e, err := c.verify(now)
		if err != nil {
			unusable = err
			continue
		}
		keys[c.fingerprint] = e
		usable = true
	}
	const wayOut = fault.NewestFirst + "; or, once you have verified a newer key with its vendor, put its armored text into the setting repository.trustedKeys."
	switch {
	case usable:
		return nil
	case unusable != nil:
		return fault.Wrap(unusable, fault.RepositoryUntrusted,
			fmt.Sprintf("The signing key of the package repository cannot be used: %v.", unusable), wayOut)
	default:
		return fault.New(fault.RepositoryUntrusted,
			"The package repository serves a signing key that this version does not trust: found "+shown(found)+"; trusted "+shown(trusted)+".", wayOut)
	}
}
