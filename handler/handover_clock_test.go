package handler

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// TestClockIsSetBetweenUpdateAndUninstall: the wall clock is changed in the middle of an
// upgrade. The old version's uninstall leaves the packages all the same. The time that
// update recorded is changed by as much as the clock.
func TestClockIsSetBetweenUpdateAndUninstall(t *testing.T) {
	const old, next = "1.0.0.0", "1.0.1.0"
	for _, set := range []time.Duration{-time.Hour, -time.Second, 0, 20 * time.Minute, 400 * 24 * time.Hour} {
		q := updating(t, old, next, next)
		q.Host.Runner = installed("aadsshlogin")
		if code := Run(context.Background(), q); code != fault.OK {
			t.Fatalf("update: code %d", code)
		}
		path := q.Host.Path(host.StateDir + "/handover")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var record map[string]any
		if err := json.Unmarshal(b, &record); err != nil {
			t.Fatal(err)
		}
		record["time"] = time.Now().Add(-set).UTC()
		if b, err = json.Marshal(record); err != nil {
			t.Fatal(err)
		}
		write(t, path, string(b))
		write(t, q.Host.Path("/var/lib/waagent/Handler-"+next+"/config/HandlerState"), "NotInstalled")
		r := &run{Request: q, host: q.Host, log: q.Host.Log}
		r.Environment.Version, r.Environment.BaseDir = old, "/var/lib/waagent/Handler-"+old
		if _, taken, err := r.handedOver(); !taken || err != nil {
			t.Errorf("the clock was set by %s, and uninstall does not stand down for %s", set, next)
		}
	}
}
