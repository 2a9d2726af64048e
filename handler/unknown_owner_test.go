package handler

import (
	"os"
	"testing"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/internal/state"
)

// TestUnknownOwner: if a disk error hides who owns the machine, or which version takes it
// over, no operation continues as if nobody did.
func TestUnknownOwner(t *testing.T) {
	start := func(file string, standalone bool) *run {
		h := &host.Host{Root: t.TempDir(), Log: logging.Discard()}
		if err := state.Dir(h); err != nil {
			t.Fatal(err)
		}
		// The first page of a process's memory cannot be read: EIO.
		if err := os.Symlink("/proc/self/mem", h.Path(host.StateDir+"/"+file)); err != nil {
			t.Fatal(err)
		}
		r := &run{host: h, log: h.Log}
		r.Environment = agent.Environment{Version: "1.0.0.0", BaseDir: "/var/lib/waagent/Handler-1.0.0.0"}
		if standalone {
			r.Environment = agent.Standalone("1.0.0.0")
		}
		return r
	}
	for name, ask := range map[string]func() error{
		"own":                          func() error { return start("owner.json", false).own() },
		"setup owns":                   func() error { return start("owner.json", true).own() },
		"found":                        func() error { _, _, err := start("owner.json", false).found(); return err },
		"as found":                     func() error { _, err := start("owner.json", false).asFound(); return err },
		"in the way of the extension":  func() error { _, _, err := start("owner.json", false).inTheWay(); return err },
		"in the way of setup":          func() error { _, _, err := start("owner.json", true).inTheWay(); return err },
		"handed over":                  func() error { _, _, err := start("handover", false).handedOver(); return err },
		"uninstall, who owns it":       func() error { return start("owner.json", false).uninstall(t.Context()).fault },
		"uninstall, who takes it over": func() error { return start("handover", false).uninstall(t.Context()).fault },
	} {
		if err := ask(); fault.Of(err).Code != fault.Disk {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := start("owner.json", false)
	if v := r.disable(t.Context()); v.fault != nil { // it never fails
		t.Errorf("disable: %v", v.fault)
	}
}
