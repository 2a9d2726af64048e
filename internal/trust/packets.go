package trust

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"aadssh/internal/text"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// maxKeyring is the largest accepted size of a key file, in bytes. The vendor's are 1 KiB.
const maxKeyring = 1 << 20

// OpenPGP packet tags (RFC 9580, section 5).
const (
	tagSecretKey    = 5
	tagPublicKey    = 6
	tagSecretSubkey = 7
)

var errPrivateKey = errors.New("it holds a private key, which must never be there")

// candidate is one primary key with the packets that follow it, unchanged: nothing of it is
// verified yet.
type candidate struct {
	fingerprint string // empty: a kind of key that cannot be read
	packets     []byte
}

// candidates splits a key file, armored or binary, into its keys. The error says, in words
// for an operator, what the file is instead.
func candidates(file []byte) ([]candidate, error) {
	text := bytes.TrimSpace(file)
	begin := bytes.Index(text, []byte("-----BEGIN PGP "))
	switch {
	case len(text) == 0:
		return nil, errors.New("it is empty")
	case len(file) > maxKeyring:
		return nil, fmt.Errorf("it is %d bytes long, more than any key file", len(file))
	case text[0] == '<':
		return nil, errors.New("it is a web page, not a key file; something on the way answers in the repository's place")
	case begin >= 0:
		return armored(text[begin:])
	case file[0]&0x80 == 0: // every OpenPGP packet begins with this bit set
		return nil, errors.New("it is not an OpenPGP key file")
	}
	return split(file)
}

// armored splits a text with one or more armored blocks. Each is decoded separately,
// because the decoder reads beyond the end of its block.
func armored(keys []byte) ([]candidate, error) {
	var all []candidate
	begin := []byte("-----BEGIN ")
	for len(keys) > 0 {
		end := len(keys)
		if next := bytes.Index(keys[len(begin):], begin); next >= 0 {
			end = len(begin) + next
		}
		block, err := armor.Decode(bytes.NewReader(keys[:end]))
		if err != nil {
			return nil, errors.New("its armor is damaged or cut off")
		}
		switch block.Type {
		case openpgp.PublicKeyType:
		case openpgp.PrivateKeyType:
			return nil, errPrivateKey
		default:
			return nil, fmt.Errorf("it holds a %s, not a public key", strings.ToLower(text.Clip(text.ASCII(block.Type), 60)))
		}
		binary, err := io.ReadAll(io.LimitReader(block.Body, maxKeyring))
		if err != nil {
			return nil, errors.New("its armor is damaged or cut off")
		}
		some, err := split(binary)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		keys = keys[end:]
	}
	return all, nil
}

// split splits a sequence of packets before every primary key.
func split(binary []byte) ([]candidate, error) {
	var all []candidate
	reader := packet.NewOpaqueReader(bytes.NewReader(binary))
	for {
		p, err := reader.Next()
		if errors.Is(err, io.EOF) && len(all) > 0 {
			return all, nil
		}
		if err != nil {
			return nil, errors.New("it is not an OpenPGP key file, or it is damaged")
		}
		switch {
		case p.Tag == tagSecretKey || p.Tag == tagSecretSubkey:
			return nil, errPrivateKey
		case p.Tag == tagPublicKey:
			all = append(all, candidate{fingerprint: fingerprint(p)})
		case len(all) == 0:
			return nil, errors.New("it does not begin with a public key")
		}
		var raw bytes.Buffer
		if err := p.Serialize(&raw); err != nil {
			return nil, fmt.Errorf("it is damaged: %w", err)
		}
		last := &all[len(all)-1]
		last.packets = append(last.packets, raw.Bytes()...)
	}
}

func fingerprint(p *packet.OpaquePacket) string {
	parsed, err := p.Parse()
	if err != nil {
		return ""
	}
	key, ok := parsed.(*packet.PublicKey)
	if !ok {
		return ""
	}
	return strings.ToUpper(hex.EncodeToString(key.Fingerprint))
}

// verify parses a candidate and checks everything that the key says about itself: its
// signatures on its names and subkeys, and that it is not revoked or expired. A subkey
// without the primary key's signature makes it fail; older versions of rpm would accept
// such a key (CVE-2021-3521).
func (c candidate) verify(now time.Time) (*openpgp.Entity, error) {
	e, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(c.packets)))
	if err != nil {
		return nil, fmt.Errorf("key %s is damaged: %w", c, err)
	}
	if e.PrimaryKey.Version != 4 {
		return nil, fmt.Errorf("key %s is of OpenPGP version %d, which package managers do not read", c, e.PrimaryKey.Version)
	}
	if now.IsZero() { // whether it was valid when it was created
		now = e.PrimaryKey.CreationTime
	}
	if e.Revoked(now) {
		return nil, fmt.Errorf("key %s is revoked", c)
	}
	created := e.PrimaryKey.CreationTime
	if created.After(now) {
		return nil, fmt.Errorf("key %s is from %s, which is in the future for the clock of this machine", c, created.UTC().Format(time.DateOnly))
	}
	self, _ := e.PrimarySelfSignature()
	if self == nil {
		return nil, fmt.Errorf("key %s is not signed by itself", c)
	}
	if e.PrimaryKey.KeyExpired(self, now) {
		end := created.Add(time.Duration(*self.KeyLifetimeSecs) * time.Second)
		return nil, fmt.Errorf("key %s expired on %s", c, end.UTC().Format(time.DateOnly))
	}
	return e, nil
}

// String is the fingerprint, for messages.
func (c candidate) String() string {
	if c.fingerprint == "" {
		return "of an unknown kind"
	}
	return c.fingerprint
}
