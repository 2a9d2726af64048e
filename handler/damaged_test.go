package handler

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/internal/systemd"
)

// TestDamagedReceiptOfSetup: a record that was cut off keeps neither an extension nor setup
// from owning the machine, and a copy of it is kept.
func TestDamagedReceiptOfSetup(t *testing.T) {
	const cut = `{"machine": "x", "packa`
	setup := state.Owner{Setup: true, Version: "1.0.0.0"}
	for _, c := range []struct {
		name, file string
		before     state.Owner
		standalone bool
	}{
		{"an extension takes over", "receipt.json", setup, false},
		{"an extension takes over once more", "receipt.setup.json", setup, false},
		{"setup after an extension that is gone", "receipt.setup.json", state.Owner{Handler: "Handler", Dir: "/nonexistent", Found: &setup}, true},
		{"setup, and the receipt of an extension that is gone", "receipt.json", state.Owner{Handler: "Handler", Dir: "/nonexistent", Found: &setup}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, _ := request(t, "enable")
			r := &run{Request: q, host: q.Host, log: q.Host.Log}
			if c.standalone {
				r.Environment = agent.Standalone("1.0.0.0")
			}
			write(t, q.Host.Path(host.StateDir+"/receipt.setup.json"), "{}")
			write(t, q.Host.Path(host.StateDir+"/receipt.json"), "{}")
			write(t, q.Host.Path(host.StateDir+"/"+c.file), cut)
			if err := c.before.Write(q.Host); err != nil {
				t.Fatal(err)
			}
			if err := r.own(); err != nil {
				t.Fatal(err)
			}
			if o, _, err := state.ReadOwner(q.Host); err != nil || o.Setup != c.standalone {
				t.Errorf("the owner is %+v, %v", o, err)
			}
			if b, err := os.ReadFile(q.Host.Path(host.StateDir + "/" + c.file + ".damaged")); err != nil || string(b) != cut {
				t.Errorf("kept %q, %v", b, err)
			}
			if _, err := state.ReadReceipt(q.Host); err != nil {
				t.Errorf("the receipt now: %v", err)
			}
		})
	}
}

// TestUninstallWithoutReceipt: an extension whose receipt was cut off gives the machine back
// to setup.
func TestUninstallWithoutReceipt(t *testing.T) {
	q, out := request(t, "uninstall")
	write(t, q.Host.Path(host.StateDir+"/receipt.json"), "{")
	write(t, q.Host.Path(host.StateDir+"/receipt.setup.json"), `{"packages": {"aadsshlogin": {"before": ""}}}`)
	owner := state.Owner{Handler: q.Environment.Name, Version: q.Version, Dir: q.Environment.BaseDir, Found: &state.Owner{Setup: true, Version: "1.0.0.0"}}
	if err := owner.Write(q.Host); err != nil {
		t.Fatal(err)
	}
	if code := Run(t.Context(), q); code != fault.OK || !strings.Contains(out.String(), "belongs to setup again") {
		t.Errorf("code %d: %s", code, out)
	}
	if o, _, err := state.ReadOwner(q.Host); err != nil || !o.Setup {
		t.Errorf("the owner is %+v, %v", o, err)
	}
	if b, err := os.ReadFile(q.Host.Path(host.StateDir + "/receipt.json")); err != nil || !strings.Contains(string(b), "aadsshlogin") {
		t.Errorf("setup's receipt is %s, %v", b, err)
	}
}

// TestSetupOwnsTheMachineMeanwhile: an uninstall that waits for setup's run removes nothing
// of what setup brought by then.
func TestSetupOwnsTheMachineMeanwhile(t *testing.T) {
	q, out := request(t, "uninstall")
	q.Reload = func(context.Context, []string) (systemd.Outcome, error) { return systemd.Outcome{}, nil }
	release, err := q.Host.SingleRun(t.Context(), "setup of version 1.0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan fault.Code)
	go func() { ended <- Run(t.Context(), q) }()
	brought := q.Host.Path("/etc/apt/sources.list.d/aadsshlogin.list")
	select {
	case code := <-ended:
		t.Fatalf("it did not wait: %d %s", code, out)
	case <-time.After(300 * time.Millisecond):
	}
	write(t, brought, "deb x\n")
	write(t, q.Host.Path(host.StateDir+"/receipt.json"), `{"files": {"/etc/apt/sources.list.d/aadsshlogin.list": {"sha256": "x"}}}`)
	if err := (state.Owner{Setup: true, Version: "1.0.0.0"}).Write(q.Host); err != nil {
		t.Fatal(err)
	}
	release()
	if code := <-ended; code != fault.OK || !strings.Contains(out.String(), "belongs to setup") {
		t.Errorf("code %d: %s", code, out)
	}
	for _, path := range []string{brought, q.Host.Path(filepath.Join(host.StateDir, "owner.json"))} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
