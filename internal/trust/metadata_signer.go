package trust

import (
	"bytes"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"aadssh/internal/text"
)

// MetadataSigners are the keys with which a signed index says that it was signed:
// a detached signature, armored or not, or a text with its signature at the end.
// Nothing is verified: it is what a person needs to look the key up.
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

// Fingerprints are those of the keys in a key file, whatever they are; none where
// it is no key file.
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
