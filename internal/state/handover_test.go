package state_test

import (
	"path/filepath"
	"testing"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/state"
)

// TestHandoverAges: a handover is valid for 20 minutes of the boot in which it was written,
// by a clock that cannot be set. So an update that failed and is deleted days later is
// cleaned up.
func TestHandoverAges(t *testing.T) {
	const written = 7 * time.Hour
	for _, c := range []struct {
		now  time.Duration
		boot string
		want bool
	}{
		{written, "a", true},
		{written + 20*time.Minute - 1, "a", true},
		{written + 20*time.Minute, "a", false},
		{written + 3*24*time.Hour, "a", false},
		{written - 1, "a", false}, // another boot's clock
		{written + time.Minute, "b", false},
		{0, "a", false}, // no clock
	} {
		h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
		boot := func(id string) {
			if _, err := h.EnsureFile("/proc/sys/kernel/random/boot_id", []byte(id+"\n"), 0o444); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.EnsureDir(filepath.Dir("/proc/sys/kernel/random/boot_id"), 0o755); err != nil {
			t.Fatal(err)
		}
		boot("a")
		if err := state.WriteHandover(h, "1.0.1.0", written); err != nil {
			t.Fatal(err)
		}
		boot(c.boot)
		if _, counts, err := state.ReadHandover(h, c.now); counts != c.want || err != nil {
			t.Errorf("up for %s in boot %s: counts %v", c.now, c.boot, counts)
		}
	}
}
