package trust

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"aadssh/internal/fault"
)

// shortest is the shortest accepted RSA key, in bits: apt rejects shorter ones since
// 2.7.13, and NIST SP 800-131A since 2014.
const shortest = 2048

// weakness is why signatures by an otherwise valid key should not be trusted; "" if there
// is no reason.
func weakness(e *openpgp.Entity) string {
	keys := []*packet.PublicKey{e.PrimaryKey}
	for _, s := range e.Subkeys {
		if s.Sig != nil && s.Sig.FlagsValid && s.Sig.FlagSign {
			keys = append(keys, s.PublicKey)
		}
	}
	for _, k := range keys {
		a := k.PubKeyAlgo
		isRSA := a == packet.PubKeyAlgoRSA || a == packet.PubKeyAlgoRSASignOnly || a == packet.PubKeyAlgoRSAEncryptOnly
		if bits, err := k.BitLength(); err == nil && isRSA && bits < shortest {
			return fmt.Sprintf("its RSA key has %d bits; fewer than %d can be computed by others", bits, shortest)
		}
	}
	for _, id := range e.Identities {
		for _, s := range append(slices.Clone(id.Signatures), id.SelfSignature) {
			own := s != nil && (s.IssuerKeyId != nil && *s.IssuerKeyId == e.PrimaryKey.KeyId || bytes.Equal(s.IssuerFingerprint, e.PrimaryKey.Fingerprint))
			if own && !slices.Contains([]crypto.Hash{crypto.MD5, crypto.SHA1, crypto.RIPEMD160}, s.Hash) {
				return ""
			}
		}
	}
	return "it signs itself by SHA-1 only, which others can forge"
}

// Weak reports keys in the setting repository.trustedKeys that can be read but are too
// weak: a *fault.Fault of code SettingsInvalid, or nil.
func Weak(extra [][]byte) *fault.Fault {
	for i, file := range extra {
		all, err := candidates(file)
		if err != nil {
			return nil // Accept reports what is wrong
		}
		for _, c := range all {
			e, err := c.verify(time.Now())
			if err != nil {
				return nil
			}
			if why := weakness(e); why != "" {
				return weak(i, c, why)
			}
		}
	}
	return nil
}

func weak(i int, c candidate, why string) *fault.Fault {
	return fault.New(fault.SettingsInvalid,
		fmt.Sprintf("Key %d of the setting repository.trustedKeys, %s, is too weak: %s.", i+1, c, why),
		"Name a key of the repository's owner that is RSA of 2048 bits or more, or Ed25519, and signs itself by SHA-256 or better (gpg --list-packets KEY.asc shows the digest algo).")
}
