//go:build rig

package main

import (
	"encoding/json"
	"testing"
	"time"

	"aadssh/test/lib/load"
	"aadssh/test/lib/nextstep"
	"aadssh/test/lib/scene"
)

// TestTrials: on each machine of make demo-shell the person is kept out, and whoever does
// what doctor says, once for each fault, lets them in.
func TestTrials(t *testing.T) {
	faults := map[string]int{"two": 2}
	for _, c := range trials() {
		t.Run(c.name, func(t *testing.T) {
			m, err := c.boot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if signsIn(t, m) {
				t.Error("the machine is not broken")
			}
			for range max(1, faults[c.name]) {
				v := examine(t, m)
				next := nextstep.Command(v.Next)
				if next == "" {
					t.Fatalf("there is no command in %+v", v)
				}
				t.Logf("%d %s\n%s", v.Code, v.Check, next)
				run := "cd /root && " + next
				if c.isNew {
					run += " && aaduseradd " + ada
				}
				if r, err := m.Run(t.Context(), "sh", "-c", run); err != nil || r.ExitCode != 0 {
					t.Fatalf("%v, exit %d\n%s", err, r.ExitCode, r.Output())
				}
				// sshd reads its configuration after systemctl has ended.
				for began := time.Now(); time.Since(began) < load.Scaled(2*time.Second); time.Sleep(100 * time.Millisecond) {
					if signsIn(t, m) {
						return
					}
				}
			}
			t.Error("the person still does not get in")
		})
	}
}

// signsIn reports whether the command that the shell shows signs the person in.
func signsIn(t *testing.T, m *scene.Booted) bool {
	t.Helper()
	r, err := m.Run(t.Context(), "env", "HOME=/root", "sh", "-c", "cd && ssh -i ada "+ada+"@localhost id")
	if err != nil {
		t.Fatal(err)
	}
	return r.ExitCode == 0
}

// verdict is the part of doctor's report that says what to do first.
type verdict struct {
	Code              int
	Check, Text, Next string
}

func examine(t *testing.T, m *scene.Booted) verdict {
	t.Helper()
	// The agent of the machine is turned off, because setup is tried.
	r, err := m.Run(t.Context(), "/root/"+program(), "doctor", "--json", "--skip", "agent")
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ Verdict verdict }
	if err := json.Unmarshal(r.Stdout, &report); err != nil {
		t.Fatalf("%v\n%s", err, r.Output())
	}
	return report.Verdict
}
