package watch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/host"
	"aadssh/internal/state"
)

// TestDamagedReceiptDoesNotEndTheWatch: the damaged receipt is kept under another name, and
// the new one contains what the watch wrote.
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

// TestOwnersMaskStands: a unit that somebody masked is not overwritten.
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
	err := (&Keeper{Host: h}).start(t.Context(), Program, nil, a)
	if err == nil || !strings.Contains(err.Error(), timerUnit+" is masked") {
		t.Errorf("%v", err)
	}
	if target, err := os.Readlink(mask); err != nil || target != "/dev/null" {
		t.Errorf("%q, %v", target, err)
	}
}

// TestCopied: while neither the program nor its copy has changed, neither is read. A copy
// with other content but the same size and time is still found to be different, and so is
// one with another mode.
func TestCopied(t *testing.T) {
	h := testHost(t)
	k := &Keeper{Host: h, Self: "/self"}
	put(t, h, "/self", "the program")
	if _, err := k.write(file{Program, []byte("the program"), 0o755}); err != nil {
		t.Fatal(err)
	}
	want := func(what, recorded string, there, known bool) {
		t.Helper()
		if receipt, err := state.ReadReceipt(h); err != nil {
			t.Fatal(err)
		} else if a, b := k.copied(Program, &made{Inodes: recorded}, receipt); a != there || b != known {
			t.Errorf("%s: there %t, known %t", what, a, b)
		}
	}
	tick := func() { time.Sleep(20 * time.Millisecond) }
	recorded := k.inodes(Program)
	want("as it was copied", recorded, true, true)
	want("without a record", "", true, false)

	tick()                            // of the kernel's clock for such times
	put(t, h, "/self", "the program") // written again
	want("the program is another file with the same content", recorded, true, false)

	recorded = k.inodes(Program)
	before, err := h.Stat(Program)
	if err != nil {
		t.Fatal(err)
	}
	tick()
	put(t, h, Program, "another one")
	if err := os.Chtimes(h.Path(Program), before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	want("another content", recorded, false, false)

	put(t, h, Program, "the program")
	if err := os.Chmod(h.Path(Program), 0o700); err != nil {
		t.Fatal(err)
	}
	want("another mode", k.inodes(Program), false, false)
}
