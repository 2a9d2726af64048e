package trust

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"aadssh/internal/fault"
)

func TestAcceptVendorKey(t *testing.T) {
	ring := accept(t, vendorKey(t), Pins(), nil)
	want := []string{"BC528686B50D79E339D3721CEB3E94ADBE1229CF"}
	if !slices.Equal(ring.Fingerprints, want) {
		t.Fatalf("fingerprints %v, want %v", ring.Fingerprints, want)
	}
	for form, b := range map[string][]byte{"binary": ring.Binary, "armored": ring.Armored} {
		found, err := fingerprints(b)
		if err != nil || !slices.Equal(found, want) {
			t.Errorf("%s keyring: %v, error %v", form, found, err)
		}
	}
	if ring.Binary[0]&0x80 == 0 || !bytes.HasPrefix(ring.Armored, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")) {
		t.Error("a form is not what its name says")
	}
	if again := accept(t, ring.Binary, Pins(), nil); !bytes.Equal(again.Binary, ring.Binary) || !bytes.Equal(again.Armored, ring.Armored) {
		t.Error("the same key gave other bytes the second time")
	}
}

// TestAcceptChooses: of a bundle only the pinned and the named keys are kept, in any order.
func TestAcceptChooses(t *testing.T) {
	pinned, named, other := newKey(t, nil), newKey(t, nil), newKey(t, nil)
	pins := []Pin{{Name: "test", Fingerprint: pinned.fingerprint}}
	ring := accept(t, slices.Concat(other.armored, pinned.armored, other.armored), pins, nil)
	if !slices.Equal(ring.Fingerprints, []string{pinned.fingerprint}) {
		t.Errorf("kept %v, want only %s", ring.Fingerprints, pinned.fingerprint)
	}
	if bytes.Contains(ring.Binary, other.entity.PrimaryKey.Fingerprint) || len(ring.Binary) > len(pinned.binary)+16 {
		t.Error("the keyring holds more than the pinned key")
	}
	both := []string{pinned.fingerprint, named.fingerprint}
	slices.Sort(both)
	one := accept(t, slices.Concat(other.binary, pinned.binary), pins, [][]byte{named.armored})
	two := accept(t, slices.Concat(pinned.binary, other.binary), pins, [][]byte{named.armored, named.armored})
	if !slices.Equal(one.Fingerprints, both) || !bytes.Equal(one.Binary, two.Binary) || !bytes.Equal(one.Armored, two.Armored) {
		t.Errorf("with a named key: %v and %v, want %v both times", one.Fingerprints, two.Fingerprints, both)
	}
	if found, err := fingerprints(one.Armored); err != nil || !slices.Equal(found, both) {
		t.Errorf("armored keyring of two: %v, error %v", found, err)
	}
}

func TestAcceptNamedKeyStandsAlone(t *testing.T) {
	named, other := newKey(t, nil), newKey(t, nil)
	for name, downloaded := range map[string][]byte{"nothing downloaded": nil, "an unknown key downloaded": other.armored, "the named key downloaded": named.armored} {
		ring := accept(t, downloaded, Pins(), [][]byte{named.armored})
		if !slices.Equal(ring.Fingerprints, []string{named.fingerprint}) {
			t.Errorf("%s: %v", name, ring.Fingerprints)
		}
	}
}

func TestAcceptRefuses(t *testing.T) {
	good := newKey(t, nil)
	newer := newKey(t, nil)
	year := uint32(365 * 24 * 3600)
	expired := newKey(t, &packet.Config{Time: func() time.Time { return time.Now().AddDate(-3, 0, 0) }, KeyLifetimeSecs: year})
	future := newKey(t, &packet.Config{Time: func() time.Time { return time.Now().AddDate(1, 0, 0) }})
	revoked := newKey(t, nil)
	if err := revoked.entity.RevokeKey(packet.KeyCompromised, "test", nil); err != nil {
		t.Fatal(err)
	}
	revoked.serialize(t)
	pins := []Pin{}
	for _, k := range []key{good, expired, future, revoked} {
		pins = append(pins, Pin{Fingerprint: k.fingerprint})
	}
	var private bytes.Buffer
	if err := good.entity.SerializePrivate(&private, nil); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		downloaded []byte
		wants      []string
	}{
		{"nothing", nil, []string{"it is empty"}},
		{"blanks", []byte(" \n\n"), []string{"it is empty"}},
		{"web page", []byte("\n<!DOCTYPE html><html>sign in to the network</html>"), []string{"web page"}},
		{"text", []byte("404 page not found\n"), []string{"not an OpenPGP key file"}},
		{"binary junk", []byte("\xff\x00\x01\x02"), []string{"does not begin with a public key"}},
		{"too large", bytes.Repeat([]byte("x"), maxKeyring+1), []string{"1048577 bytes"}},
		{"cut armor", good.armored[:len(good.armored)/2], []string{"damaged"}},
		{"cut binary", good.binary[:len(good.binary)/2], []string{"damaged"}},
		{"private key", private.Bytes(), []string{"private key"}},
		{"armored private key", enarmored(t, openpgp.PrivateKeyType, private.Bytes()), []string{"private key"}},
		{"signature", enarmored(t, openpgp.SignatureType, good.binary), []string{"pgp signature, not a public key"}},
		{"no primary key", good.binary[len(good.binary)-20:], nil},
		{"newer key", newer.armored, []string{newer.fingerprint, good.fingerprint, "does not trust"}},
		{"expired", expired.armored, []string{expired.fingerprint, "expired on 2"}},
		{"from the future", future.armored, []string{future.fingerprint, "clock"}},
		{"revoked", revoked.armored, []string{revoked.fingerprint, "revoked"}},
		{"foreign subkey", slices.Concat(good.binary, subkeyOf(t, newer)), []string{good.fingerprint, "damaged"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ring, err := Accept(test.downloaded, pins, nil)
			if err == nil {
				t.Fatalf("accepted %v", ring.Fingerprints)
			}
			f := wantFault(t, err, fault.RepositoryUntrusted)
			if !strings.Contains(f.Next, "repository.trustedKeys") {
				t.Errorf("no way out in %q", f.Next)
			}
			for _, want := range test.wants {
				if !strings.Contains(f.What, want) {
					t.Errorf("%q does not say %q", f.What, want)
				}
			}
		})
	}
}

// TestAcceptNewerKey: the text about a key that is newer than this version has its
// fingerprint and both solutions.
func TestAcceptNewerKey(t *testing.T) {
	newer := newKey(t, nil)
	_, err := Accept(newer.armored, Pins()[:2], nil)
	f := wantFault(t, err, fault.RepositoryUntrusted)
	for _, want := range []string{newer.fingerprint, Pins()[0].Fingerprint, Pins()[1].Fingerprint} {
		if !strings.Contains(f.What, want) {
			t.Errorf("%q does not name %s", f.What, want)
		}
	}
	if !strings.Contains(f.Next, "Update the extension") || !strings.Contains(f.Next, "repository.trustedKeys") {
		t.Errorf("next step: %q", f.Next)
	}
}

func TestValidate(t *testing.T) {
	good := newKey(t, nil)
	expired := newKey(t, &packet.Config{Time: func() time.Time { return time.Now().AddDate(-3, 0, 0) }, KeyLifetimeSecs: 3600})
	if err := Validate([][]byte{good.armored}); err != nil {
		t.Errorf("good key: %v", err)
	}
	if err := Validate(nil); err != nil {
		t.Errorf("no keys: %v", err)
	}
	for name, file := range map[string][]byte{"empty": nil, "text": []byte("my key"), "expired": expired.armored} {
		f := wantFault(t, Validate([][]byte{good.armored, file}), fault.SettingsInvalid)
		if !strings.Contains(f.What, "Key 2 of the setting repository.trustedKeys") {
			t.Errorf("%s: %q does not say which", name, f.What)
		}
		if _, err := Accept(vendorKey(t), Pins(), [][]byte{file}); err == nil {
			t.Errorf("%s: Accept took it", name)
		}
	}
}

// FuzzAccept: for any content, only pinned keys are returned, and they can be read again.
func FuzzAccept(f *testing.F) {
	vendor, err := os.ReadFile("testdata/microsoft.asc")
	if err != nil {
		f.Fatal(err)
	}
	ring, err := Accept(vendor, Pins(), nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{vendor, ring.Binary, ring.Armored, slices.Concat(vendor, vendor), nil, []byte("<html>"), []byte("\x99\x01\x0d")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ring, err := Accept(b, Pins(), nil)
		if err != nil {
			wantFault(t, err, fault.RepositoryUntrusted)
			return
		}
		for _, form := range [][]byte{ring.Binary, ring.Armored} {
			found, err := fingerprints(form)
			if err != nil || !slices.Equal(found, ring.Fingerprints) || len(found) == 0 {
				t.Fatalf("accepted %v, keyring has %v, error %v", ring.Fingerprints, found, err)
			}
			for _, fingerprint := range found {
				if !pinned(Pins(), fingerprint) {
					t.Fatalf("accepted %s", fingerprint)
				}
			}
		}
	})
}

type key struct {
	entity          *openpgp.Entity
	fingerprint     string
	binary, armored []byte
}

// newKey makes a key pair; Ed25519, because RSA takes long.
func newKey(t *testing.T, config *packet.Config) key {
	t.Helper()
	if config == nil {
		// A minute ago: a key made this second could be in the future of the check.
		config = &packet.Config{Time: func() time.Time { return time.Now().Add(-time.Minute) }}
	}
	config.Algorithm, config.DefaultHash = packet.PubKeyAlgoEdDSA, crypto.SHA256
	entity, err := openpgp.NewEntity("Test", "test only", "test@example.invalid", config)
	if err != nil {
		t.Fatal(err)
	}
	k := key{entity: entity, fingerprint: fingerprintOf(entity)}
	k.serialize(t)
	return k
}

func (k *key) serialize(t *testing.T) {
	t.Helper()
	var b bytes.Buffer
	if err := k.entity.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	k.binary = b.Bytes()
	k.armored = enarmored(t, openpgp.PublicKeyType, k.binary)
}

// subkeyOf is a subkey with its owner's signature, as packets.
func subkeyOf(t *testing.T, k key) []byte {
	t.Helper()
	var b bytes.Buffer
	subkey := k.entity.Subkeys[0]
	if err := errors.Join(subkey.PublicKey.Serialize(&b), subkey.Sig.Serialize(&b)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func enarmored(t *testing.T, kind string, binary []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(binary); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func accept(t *testing.T, downloaded []byte, pins []Pin, extra [][]byte) Keyring {
	t.Helper()
	ring, err := Accept(downloaded, pins, extra)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func wantFault(t *testing.T, err error, code fault.Code) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("error %v, want a fault with code %d", err, code)
	}
	if strings.Contains(f.What+f.Next, "\n") || f.What == "" || len(f.What) > 700 {
		t.Fatalf("not a line for an operator: %q", f.What)
	}
	return f
}

func vendorKey(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/microsoft.asc")
	if err != nil {
		t.Fatal(err)
	}
	return b
}
