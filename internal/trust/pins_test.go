package trust

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestPins(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Pins() {
		raw, err := hex.DecodeString(p.Fingerprint)
		if err != nil || len(raw) != 20 || p.Fingerprint != strings.ToUpper(p.Fingerprint) {
			t.Errorf("%s: %q is not a fingerprint", p.Name, p.Fingerprint)
		}
		if seen[p.Fingerprint] || p.Valid == "" || p.Source == "" || p.Path != "" && p.Path != "/keys/"+p.Name {
			t.Errorf("%s: incomplete or double: %+v", p.Name, p)
		}
		seen[p.Fingerprint] = true
		if found, ok := ByName(p.Name); !ok || !reflect.DeepEqual(found, p) {
			t.Errorf("ByName(%q) = %+v, %v", p.Name, found, ok)
		}
	}
	if _, ok := ByName("nosuch.asc"); ok {
		t.Error("ByName found a key that is not there")
	}
}

// TestPinOfRealKey compares the pin of the 2015 key with the key itself.
func TestPinOfRealKey(t *testing.T) {
	found, err := fingerprints(vendorKey(t))
	if err != nil {
		t.Fatal(err)
	}
	if pin, _ := ByName("microsoft.asc"); !slices.Equal(found, []string{pin.Fingerprint}) {
		t.Errorf("the key has fingerprint %v, the pin is %s", found, pin.Fingerprint)
	}
}

// TestRigKey: only a build for the rig pins the rig's key.
func TestRigKey(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "test", "lib", "keys", "rig.pub.asc"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := fingerprints(b)
	if err != nil || len(found) != 1 {
		t.Fatalf("rig's key: %v, error %v", found, err)
	}
	_, err = Accept(b, Pins(), nil)
	if forRig := len(rigFingerprints()) > 0; forRig {
		if !pinned(nil, found[0]) || err != nil {
			t.Errorf("a build for the rig does not accept the rig's key %s: %v", found[0], err)
		}
	} else if pinned(Pins(), found[0]) || err == nil {
		t.Error("a build that is not for the rig accepts the rig's key")
	}
}
