package state

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/logging"
)

// What a damaged receipt said is not lost when a new one is written.
func TestDamagedReceiptIsKept(t *testing.T) {
	h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
	if err := os.MkdirAll(h.Path("/var/lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Dir(h); err != nil {
		t.Fatal(err)
	}
	const damaged = `{"machine": "x", "packa`
	if err := os.WriteFile(h.Path(receiptFile), []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh, err := ReadReceipt(h)
	if err == nil {
		t.Fatal("a damaged receipt is no error")
	}
	if why := (&fs.PathError{Op: "read", Path: receiptFile, Err: syscall.EIO}); !errors.Is(SetAside(h, why), syscall.EIO) || h.Exists(receiptFile+".damaged") {
		t.Error("a disk that could not be read is taken for a damaged receipt")
	}
	if err := SetAside(h, err); err != nil {
		t.Fatal(err)
	}
	if err := fresh.Write(h); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadReceipt(h); err != nil {
		t.Errorf("the new one: %v", err)
	}
	if b, err := os.ReadFile(h.Path(receiptFile + ".damaged")); err != nil || string(b) != damaged {
		t.Errorf("kept %q, %v", b, err)
	}
}
