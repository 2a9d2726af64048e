//go:build rig

// Package systemd_test has package systemd talk to each real systemd that is
// at hand, on machines that booted with it.
package systemd_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aadsshlogin-handler/internal/systemd"
	"aadsshlogin-handler/test/lib/cache"
	"aadsshlogin-handler/test/lib/machine"
	"aadsshlogin-handler/test/lib/roots"
)

// drive is where the machines have the program that makes the calls.
const drive = "/usr/local/bin/drive"

// answer is what drive prints.
type answer struct {
	Running bool
	State   systemd.UnitState
	Outcome systemd.Outcome
	Error   string
	Job     string
	Absent  bool
}

type stage struct {
	*machine.Machine
	t *testing.T
}

// suites are the roots, each with another systemd.
func suites() map[roots.Suite]string {
	return map[roots.Suite]string{roots.Bullseye: "systemd 247", roots.Bookworm: "systemd 252", roots.Trixie: "systemd 257"}
}

// everywhere runs a test on a machine of its own for each systemd.
func everywhere(t *testing.T, test func(s *stage)) {
	c, err := cache.Open()
	fatal(t, err)
	program := filepath.Join(t.TempDir(), "drive")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "./drive")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(program)
	fatal(t, err)
	for suite, version := range suites() {
		t.Run(string(suite), func(t *testing.T) {
			layers, err := roots.Debian(suite).Layers(t.Context(), c)
			fatal(t, err)
			m, err := machine.New(t.Context(), c, layers)
			fatal(t, err)
			s := &stage{Machine: m, t: t}
			t.Cleanup(func() {
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			})
			fatal(t, m.Symlink("/dev/null", "/etc/systemd/system/walinuxagent.service"))
			fatal(t, m.WriteFile(drive, content, 0o755))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			fatal(t, m.Boot(ctx))
			s.must("systemctl is-system-running --wait")
			if got := s.must("systemctl --version | head -n 1"); !strings.HasPrefix(got, version+" ") {
				t.Fatalf("this is %s, not %s", got, version)
			}
			test(s)
		})
	}
}

// sh runs a script in the machine.
func (s *stage) sh(script string) (output string, exit int) {
	s.t.Helper()
	r, err := s.Run(s.t.Context(), "sh", "-c", script)
	fatal(s.t, err)
	return strings.TrimSpace(r.Output()), r.ExitCode
}

func (s *stage) must(script string) string {
	s.t.Helper()
	out, exit := s.sh(script)
	if exit != 0 {
		s.t.Fatalf("%s: exit %d\n%s", script, exit, out)
	}
	return out
}

// call makes one call of package systemd in the machine.
func (s *stage) call(args ...string) answer {
	s.t.Helper()
	return s.inside(append([]string{drive}, args...)...)
}

func (s *stage) inside(argv ...string) (a answer) {
	s.t.Helper()
	r, err := s.Run(s.t.Context(), argv...)
	fatal(s.t, err)
	if err := json.Unmarshal(r.Stdout, &a); err != nil {
		s.t.Fatalf("%q: %v, exit %d\n%s", argv, err, r.ExitCode, r.Output())
	}
	return a
}

// unit writes a unit file.
func (s *stage) unit(name, text string) {
	s.t.Helper()
	fatal(s.t, s.WriteFile("/etc/systemd/system/"+name, []byte(text), 0o644))
}

// await waits until a script succeeds. The limit is far above what it takes.
func (s *stage) await(script string) {
	s.t.Helper()
	var out string
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		exit := 0
		if out, exit = s.sh(script); exit == 0 {
			return
		}
	}
	s.t.Fatalf("it never came to: %s\n%s", script, out)
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
