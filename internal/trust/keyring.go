package trust

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// Keyring is a set of accepted keys in the two formats that package managers read. The same
// keys give the same bytes.
type Keyring struct {
	Fingerprints []string // of the primary keys, sorted
	Binary       []byte   // for apt's signed-by
	Armored      []byte   // for rpm's gpgkey: one block for each key, because rpm reads one key from a block
}

func newKeyring(keys map[string]*openpgp.Entity) (Keyring, error) {
	var ring Keyring
	for _, fingerprint := range slices.Sorted(maps.Keys(keys)) {
		binary, err := export(keys[fingerprint])
		if err != nil {
			return Keyring{}, fmt.Errorf("key %s cannot be written: %w", fingerprint, err)
		}
		text, err := enarmor(binary)
		if err != nil {
			return Keyring{}, fmt.Errorf("key %s cannot be written: %w", fingerprint, err)
		}
		ring.Fingerprints = append(ring.Fingerprints, fingerprint)
		ring.Binary = append(ring.Binary, binary...)
		ring.Armored = append(ring.Armored, text...)
	}
	return ring, nil
}

// export writes the minimum that verifies: the key, its names and subkeys, each with its
// newest self-signature. Signatures by others are left out, and names are sorted, because
// the library keeps them in a map.
func export(e *openpgp.Entity) ([]byte, error) {
	var b bytes.Buffer
	if err := e.PrimaryKey.Serialize(&b); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(e.Identities)) {
		identity := e.Identities[name]
		if err := identity.UserId.Serialize(&b); err != nil {
			return nil, err
		}
		for _, revocation := range identity.Revocations {
			if err := revocation.Serialize(&b); err != nil {
				return nil, err
			}
		}
		if identity.SelfSignature == nil {
			continue
		}
		if err := identity.SelfSignature.Serialize(&b); err != nil {
			return nil, err
		}
	}
	for _, subkey := range e.Subkeys {
		if err := subkey.PublicKey.Serialize(&b); err != nil {
			return nil, err
		}
		for _, revocation := range subkey.Revocations {
			if err := revocation.Serialize(&b); err != nil {
				return nil, err
			}
		}
		if err := subkey.Sig.Serialize(&b); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// enarmor writes the checksum, which newer standards drop but older versions of rpm
// require.
func enarmor(binary []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := armor.EncodeWithChecksumOption(&b, openpgp.PublicKeyType, nil, true)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(binary); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// shown is a list of fingerprints for a message of one line.
func shown(fingerprints []string) string {
	const most = 4
	if len(fingerprints) > most {
		return strings.Join(fingerprints[:most], ", ") + " and " + strconv.Itoa(len(fingerprints)-most) + " more"
	}
	return strings.Join(fingerprints, ", ")
}

func fingerprintOf(e *openpgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint))
}
