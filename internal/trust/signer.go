package trust

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"aadssh/internal/text"
)

// Signers are the keys that OpenPGP signature packets name as their signers: fingerprints,
// or key IDs if they contain no more (version 3). Nothing is verified: the result is for
// people who want to look the key up.
func Signers(signatures []byte) []string {
	var keys []string
	for packets := packet.NewReader(bytes.NewReader(signatures)); ; {
		p, err := packets.Next()
		if err != nil {
			return keys
		}
		switch s, ok := p.(*packet.Signature); {
		case !ok:
		case len(s.IssuerFingerprint) > 0:
			keys = append(keys, fmt.Sprintf("%X", s.IssuerFingerprint))
		case s.IssuerKeyId != nil:
			keys = append(keys, fmt.Sprintf("%016X", *s.IssuerKeyId))
		}
	}
}

// Where the signatures are in an rpm package (rpm's documentation, "RPM v4/v6 package
// format"): after a lead, in a header of 16-byte entries. The old tags are those of a
// signature over header and payload.
const (
	rpmLead        = 96
	rpmEntry       = 16
	rpmHeaderLimit = 1 << 20

	tagDSAHeader = 267
	tagRSAHeader = 268
	tagOpenPGP   = 278 // rpm 6: base64, one string for each signature
	tagOldPGP    = 1002
	tagOldGPG    = 1005
)

var errNoPackage = errors.New("it is no rpm package")

// PackageSigners are the keys that an rpm package names as its signers; none means a
// package without a signature.
func PackageSigners(pkg []byte) ([]string, error) {
	r := bytes.NewReader(pkg)
	head := make([]byte, rpmLead+16)
	if _, err := io.ReadFull(r, head); err != nil || !bytes.HasPrefix(head[rpmLead:], []byte{0x8e, 0xad, 0xe8, 0x01}) {
		return nil, errNoPackage
	}
	entries := binary.BigEndian.Uint32(head[rpmLead+8:])
	size := binary.BigEndian.Uint32(head[rpmLead+12:])
	if entries > rpmHeaderLimit/rpmEntry || size > rpmHeaderLimit {
		return nil, errNoPackage
	}
	header := make([]byte, int(entries)*rpmEntry+int(size))
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, errNoPackage
	}
	index, store := header[:entries*rpmEntry], header[entries*rpmEntry:]
	var keys []string
	for ; len(index) > 0; index = index[rpmEntry:] {
		tag := binary.BigEndian.Uint32(index)
		offset, count := binary.BigEndian.Uint32(index[8:]), binary.BigEndian.Uint32(index[12:])
		if int(offset) > len(store) {
			return nil, errNoPackage
		}
		value := store[offset:]
		switch tag {
		case tagDSAHeader, tagRSAHeader, tagOldPGP, tagOldGPG:
			if int(count) > len(value) {
				return nil, errNoPackage
			}
			keys = text.AddNew(keys, Signers(value[:count])...)
		case tagOpenPGP:
			for range min(int(count), 16) {
				one, rest, _ := bytes.Cut(value, []byte{0})
				signature, err := base64.StdEncoding.DecodeString(string(one))
				if err != nil {
					return nil, errNoPackage
				}
				keys = text.AddNew(keys, Signers(signature)...)
				value = rest
			}
		}
	}
	return keys, nil
}
