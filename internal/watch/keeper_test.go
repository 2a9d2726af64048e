package watch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/agent"
	"aadsshlogin-handler/internal/host"
	"aadsshlogin-handler/internal/state"
)

// TestDamagedReceiptDoesNotEndTheWatch: the damaged one is kept under another
// name, and the new one knows what the watch wrote.
func TestDamagedReceiptDoesNotEndTheWatch(t *testing.T) {
	h := testHost(t)
	put(t, h, host.StateDir+"/receipt.json", "{")
	put(t, h, "/usr/local/bin/x", "")
	if _, err := (&Keeper{Host: h}).write(file{Program, []byte("program"), 0o755}); err != nil {
		t.Fatal(err)
	}
	receipt, err := state.ReadReceipt(h)
	if err != nil || receipt.Files[Program].SHA256 == "" {
		t.Errorf("%+v, %v", receipt, err)
	}
	if b, err := h.ReadFile(host.StateDir+"/receipt.json.damaged", 0); err != nil || string(b) != "{" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestOwnersMaskStands: a unit that the owner masked is not written over.
func TestOwnersMaskStands(t *testing.T) {
	h := testHost(t)
	put(t, h, host.StateDir+"/x", "")
	mask := h.Path(unitDir + "/" + timerUnit)
	if err := os.MkdirAll(filepath.Dir(mask), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/null", mask); err != nil {
		t.Fatal(err)
	}
	a := Assignment{Environment: agent.Environment{BaseDir: "/var/lib/waagent/H-1.0", Version: "1.0"}, Minutes: 15}
	err := (&Keeper{Host: h}).start(t.Context(), Program, a)
	if err == nil || !strings.Contains(err.Error(), timerUnit+" is masked") {
		t.Errorf("%v", err)
	}
	if target, err := os.Readlink(mask); err != nil || target != "/dev/null" {
		t.Errorf("%q, %v", target, err)
	}
}
