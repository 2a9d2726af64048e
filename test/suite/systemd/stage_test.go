//go:build rig

// Package systemd_test tests package systemd with each available real systemd, on machines
// that booted with it.
package systemd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/systemd"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/executable"
	"aadssh/test/lib/machine"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// drive is the path of the program on the machines.
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

// booted is a machine with one of the systemds, and nothing from Azure.
type booted struct {
	*machine.Machine
	stage.Shell
}

// suites are the roots, each with another systemd.
func suites() map[roots.Suite]string {
	return map[roots.Suite]string{roots.Bullseye: "systemd 247", roots.Bookworm: "systemd 252", roots.Trixie: "systemd 257"}
}

// everywhere runs a test on its own machine for each systemd.
func everywhere(t *testing.T, test func(t *testing.T, s *booted)) {
	c, err := cache.Open()
	stage.Must(t, err)
	program := filepath.Join(t.TempDir(), "drive")
	stage.Must(t, executable.Build(t.Context(), "drive", program))
	content, err := os.ReadFile(program)
	stage.Must(t, err)
	for suite, version := range suites() {
		t.Run(string(suite), func(t *testing.T) {
			layers, err := roots.Debian(suite).Layers(t.Context(), c)
			stage.Must(t, err)
			m, err := machine.New(t.Context(), c, layers)
			stage.Must(t, err)
			s := &booted{m, stage.Shell{T: t, Exec: m.Run}}
			t.Cleanup(func() {
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			})
			stage.Must(t, m.WriteFile(drive, content, 0o755))
			stage.Must(t, scene.WithoutAgent(t.Context(), m))
			s.Do("systemctl is-system-running --wait || { systemctl --failed --no-legend --no-pager; exit 1; }")
			if got := s.Do("systemctl --version | head -n 1"); !strings.HasPrefix(got, version+" ") {
				t.Fatalf("this is %s, not %s", got, version)
			}
			test(t, s)
		})
	}
}

// call makes one call of package systemd in the machine.
func (s *booted) call(args ...string) answer {
	s.T.Helper()
	return s.inside(append([]string{drive}, args...)...)
}

func (s *booted) inside(argv ...string) (a answer) {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), argv...)
	s.Must(err)
	if err := json.Unmarshal(r.Stdout, &a); err != nil {
		s.T.Fatalf("%q: %v, exit %d\n%s", argv, err, r.ExitCode, r.Output())
	}
	return a
}

// unit writes a unit file.
func (s *booted) unit(name, text string) {
	s.T.Helper()
	s.Must(s.WriteFile("/etc/systemd/system/"+name, []byte(text), 0o644))
}
