package trust

import (
	"bytes"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"aadssh/internal/text"
)

// MetadataSigners are the keys that a signed index names as its signers: a detached
// signature, armored or not, or a text with its signature at the end. Nothing is verified:
// the result is for people who want to look the key up.
func MetadataSigners(signed []byte) []string {
	begin := []byte("-----BEGIN PGP SIGNATURE-----")
	if !bytes.Contains(signed, begin) {
		return text.AddNew(nil, Signers(signed)...)
	}
	var keys []string
	for _, part := range bytes.Split(signed, begin)[1:] {
		block, err := armor.Decode(io.MultiReader(bytes.NewReader(begin), bytes.NewReader(part)))
		if err != nil {
			continue
		}
		if packets, err := io.ReadAll(block.Body); err == nil {
			keys = text.AddNew(keys, Signers(packets)...)
		}
	}
	return keys
}

// Fingerprints are those of all keys in a key file; none if it is not a key file.
func Fingerprints(file []byte) []string {
	found, err := candidates(file)
	if err != nil {
		return nil
	}
	var all []string
	for _, c := range found {
		if c.fingerprint != "" {
			all = text.AddNew(all, c.fingerprint)
		}
	}
	return all
}
