// Package keys has the throw-away keys of the tests. They are published on purpose and must
// never be trusted outside tests.
package keys

import (
	"bytes"
	"crypto"
	_ "embed"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

//go:embed rig.key.asc
var rigPrivate []byte

//go:embed rig.pub.asc
var rigPublic []byte

//go:embed wrong.key.asc
var wrongPrivate []byte

//go:embed wrong.pub.asc
var wrongPublic []byte

//go:embed user_ca.key
var userCA []byte

//go:embed user_ca.pub
var userCAPublic string

// Key is an OpenPGP key pair that signs packages and repositories.
type Key struct {
	Fingerprint string // 40 hexadecimal digits, upper case
	Public      []byte // armored
	Private     []byte // armored, without a passphrase
}

// Rig is the key that a program built with the tag rig trusts.
func Rig() Key {
	return Key{Fingerprint: "22C3281A92D14003FB53BBE8155C3D5C17105335", Public: rigPublic, Private: rigPrivate}
}

// Wrong is a key that nothing trusts.
func Wrong() Key {
	return Key{Fingerprint: "209D692B9C1FBA081E4459200E672C1DC4F6539B", Public: wrongPublic, Private: wrongPrivate}
}

// UserCA is the SSH authority that signs people's certificates, as an OpenSSH private key
// and as one line of public key.
func UserCA() (private []byte, public string) { return userCA, userCAPublic }

// Binary is the public key without armor, as a keyring for apt.
func (k Key) Binary() ([]byte, error) {
	e, err := k.entity(k.Public)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = e.Serialize(&b)
	return b.Bytes(), err
}

// ClearSign signs a text in the format of an InRelease file.
func (k Key) ClearSign(text []byte) ([]byte, error) {
	e, err := k.entity(k.Private)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, e.PrivateKey, config())
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b.WriteByte('\n') // gpgv requires a newline after the armor
	return b.Bytes(), nil
}

// Detached is an armored signature of data, like repomd.xml.asc.
func (k Key) Detached(data []byte) ([]byte, error) {
	e, err := k.entity(k.Private)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&b, e, bytes.NewReader(data), config()); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func config() *packet.Config { return &packet.Config{DefaultHash: crypto.SHA512} }

func (k Key) entity(armored []byte) (*openpgp.Entity, error) {
	list, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("%d keys in one file", len(list))
	}
	if got := fmt.Sprintf("%X", list[0].PrimaryKey.Fingerprint); got != k.Fingerprint {
		return nil, fmt.Errorf("the key is %s, not %s", got, k.Fingerprint)
	}
	return list[0], nil
}
