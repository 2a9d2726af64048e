package state_test

import (
	"os"
	"path/filepath"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/state"
)

// FuzzReceipt: for any content of the receipt and the handover, reading ends without a
// panic and never returns a nil map, and the result can be written and read again.
func FuzzReceipt(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"machine":"m","packages":{"aadsshlogin":{"before":"1.0"}},"files":{"/etc/x":{"sha256":"00"}}}`,
		`{"machine":"","packages":null,"files":null}`, `{"packages":{"":{}}}`, `{"to":"1.0.2.0","boot":"b","time":"2026-01-02T03:04:05Z"}`, "\x00", `{"machine":`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
		if err := state.Dir(h); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"receipt.json", "handover"} {
			if err := os.WriteFile(filepath.Join(h.Path(host.StateDir), name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if o, counts, _ := state.ReadHandover(h, host.BootClock()); counts && o.To == "" {
			t.Error("a handover to no version counts")
		}
		r, err := state.ReadReceipt(h)
		if r.Packages == nil || r.Files == nil {
			t.Fatalf("nil maps from %q", content)
		}
		if err != nil {
			return
		}
		if err := r.Write(h); err != nil {
			t.Fatal(err)
		}
		again, err := state.ReadReceipt(h)
		if err != nil || len(again.Packages) != len(r.Packages) || len(again.Files) != len(r.Files) {
			t.Errorf("%q came back as %+v, %v", content, again, err)
		}
	})
}
