package trust

import (
	"errors"
	"os"
	"strings"
	"testing"

	"aadssh/internal/fault"
)

// What is too weak is 53 when a key is to be trusted, and found before.
func TestWeakKeys(t *testing.T) {
	for name, says := range map[string]string{"sha1": "SHA-1", "rsa1024": "1024 bits", "rsa2048": ""} {
		b, err := os.ReadFile("testdata/" + name + ".asc")
		if err != nil {
			t.Fatal(err)
		}
		f := Weak([][]byte{b})
		_, err = Accept(nil, nil, [][]byte{b})
		if says == "" {
			if f != nil || err != nil {
				t.Errorf("%s: %v, %v", name, f, err)
			}
			continue
		}
		var accepted *fault.Fault
		if f == nil || f.Code != fault.SettingsInvalid || !strings.Contains(f.What, says) || !errors.As(err, &accepted) || accepted.Code != fault.SettingsInvalid {
			t.Errorf("%s: %v; when it is to be trusted: %v", name, f, err)
		}
	}
	// The vendor's is known by its fingerprint, whatever it says of itself.
	if _, err := Accept(vendorKey(t), Pins(), nil); err != nil {
		t.Error(err)
	}
	if f := Weak([][]byte{newKey(t, nil).armored}); f != nil {
		t.Errorf("Ed25519: %v", f)
	}
}
