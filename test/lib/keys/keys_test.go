//go:build rig

package keys_test

import (
	"bytes"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"

	"aadssh/test/lib/keys"
)

func TestSignaturesVerifyWithTheRightKeyOnly(t *testing.T) {
	text := []byte("Origin: rig\nSuite: jammy\n")
	for _, c := range []struct {
		name  string
		with  keys.Key
		valid bool
	}{{"right key", keys.Rig(), true}, {"wrong key", keys.Wrong(), false}} {
		ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(c.with.Public))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := keys.Rig().ClearSign(text)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := clearsign.Decode(signed)
		if block == nil {
			t.Fatalf("not a clear-signed text:\n%s", signed)
		}
		if _, err := block.VerifySignature(ring, nil); (err == nil) != c.valid {
			t.Errorf("clear-signed text, %s: %v", c.name, err)
		}
		detached, err := keys.Rig().Detached(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openpgp.CheckArmoredDetachedSignature(ring, bytes.NewReader(text), bytes.NewReader(detached), nil); (err == nil) != c.valid {
			t.Errorf("detached signature, %s: %v", c.name, err)
		}
	}
}
