package state

import (
	"os"
	"testing"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

// TestSweep: what a run that is gone had begun is removed, and nothing else.
func TestSweep(t *testing.T) {
	h := hosttest.New(t).Host()
	if err := Dir(h); err != nil {
		t.Fatal(err)
	}
	const nobody = "999999999" // above the kernel's largest number of a process
	left := map[string]bool{".pending." + nobody + "-7~": false, ".notes~": true, "receipt.json": true}
	for name := range left {
		if err := os.WriteFile(h.Path(host.StateDir+"/"+name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	Sweep(h)
	for name, want := range left {
		if got := h.Exists(host.StateDir + "/" + name); got != want {
			t.Errorf("%s is there: %v", name, got)
		}
	}
}
