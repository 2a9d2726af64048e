package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/logging"
	"aadssh/status"
)

// FuzzMemory: for any content of watch.json and of the records of earlier checks, a
// decision is made, and what it records can be read again.
func FuzzMemory(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", "{", `{"baseDir":"/var/lib/waagent/x-1","sequence":3,"stateful":true}`,
		`{"suspect":"22 identity","repairs":{"packages":{"time":"2026-01-02T03:04:05Z","code":20,"failed":"x"}},"told":{}}`,
		`{"repairs":{"":{"time":"9999-12-31T23:59:59Z"}},"sequence":-1}`,
	} {
		f.Add([]byte(seed))
	}
	h := &host.Host{Root: f.TempDir(), Log: logging.Discard()}
	if err := os.MkdirAll(h.Path(host.StateDir), 0o700); err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)
	drift := Observation{Fault: fault.New(fault.VerificationFailed, "what", "next"), Report: status.Report{Level: status.Failure, Code: 21, Message: "what next"}, Repair: "reinstall"}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, file := range []string{recordFile, memoryFile} {
			if err := os.WriteFile(filepath.Join(h.Root, file), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if r, found, err := readRecord(h); err != nil && found && r != (Record{}) {
			t.Errorf("%+v, %v", r, err)
		}
		m := readMemory(h)
		for _, seen := range []Observation{{}, drift} {
			d := decide(status.Report{Level: status.Success}, seen, otherHandler{}, m, false, now)
			if seen.Fault != nil && !d.acts() && d.why == "" {
				t.Errorf("%+v says nothing", d)
			}
			for cause, r := range d.memory.Repairs {
				if age := now.Sub(r.Time); age >= again || age < -time.Hour {
					t.Errorf("%s of %s counts", cause, r.Time)
				}
			}
			if err := d.memory.write(h); err != nil {
				t.Fatal(err)
			}
			if back := readMemory(h); back.Suspect != d.memory.Suspect || len(back.Repairs) != len(d.memory.Repairs) {
				t.Errorf("%+v came back as %+v", d.memory, back)
			}
		}
	})
}
