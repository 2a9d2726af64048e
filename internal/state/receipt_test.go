package state

import (
	"os"
	"path/filepath"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// TestReceiptIsOfOneMachine: a machine made from a captured image starts with an empty
// receipt; a machine whose id a new kernel reads in the other byte order keeps its own.
func TestReceiptIsOfOneMachine(t *testing.T) {
	const id = "8d10da13-8125-4ba9-a717-bf7490507b3d"
	for now, same := range map[string]bool{
		id:                                     true,
		"8D10DA13-8125-4BA9-A717-BF7490507B3D": true,
		"13da108d-2581-a94b-a717-bf7490507b3d": true,
		"8d10da13-8125-4ba9-a717-bf7490507b3e": false,
		"13da108d-2581-a94b-17a7-bf7490507b3d": false,
		"":                                     false,
	} {
		h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
		be := func(id string) {
			path := h.Path("/sys/class/dmi/id/product_uuid")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(id+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.MkdirAll(h.Path("/var/lib"), 0o755); err != nil {
			t.Fatal(err)
		}
		be(id)
		receipt, err := ReadReceipt(h)
		if err != nil {
			t.Fatal(err)
		}
		receipt.Packages["aadsshlogin"] = Package{}
		if err := receipt.Write(h); err != nil {
			t.Fatal(err)
		}
		be(now)
		if got, err := ReadReceipt(h); err != nil || (len(got.Packages) == 1) != same {
			t.Errorf("%q: %+v, %v", now, got, err)
		}
	}
}

// TestReceiptWithoutSys: if the hardware's id cannot be read, the system's id says which
// machine the receipt is from.
func TestReceiptWithoutSys(t *testing.T) {
	for now, same := range map[string]bool{"0123456789abcdef0123456789abcdef": true, "f123456789abcdef0123456789abcdef": false, "": false} {
		h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
		put := func(path, text string) {
			if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(h.Path(path), []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		put("/sys/class/dmi/id/product_uuid", "8d10da13-8125-4ba9-a717-bf7490507b3d")
		put("/etc/machine-id", "0123456789abcdef0123456789abcdef")
		put("/var/lib/there", "")
		receipt, err := ReadReceipt(h)
		if err != nil {
			t.Fatal(err)
		}
		receipt.Packages["aadsshlogin"] = Package{}
		if err := receipt.Write(h); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(h.Path("/sys")); err != nil {
			t.Fatal(err)
		}
		put("/etc/machine-id", now)
		if got, err := ReadReceipt(h); err != nil || (len(got.Packages) == 1) != same {
			t.Errorf("%q: %+v, %v", now, got, err)
		}
	}
}
