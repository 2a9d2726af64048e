//go:build rig

package signin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// golden compares a document with the test's results.
func golden(t *testing.T, name, got string) {
	t.Helper()
	top, err := scene.Top(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(top, name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if t.Failed() {
			t.Fatal("not rendered: a row above is wrong")
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the handler says now; render it with UPDATE_GOLDEN=1. It says now:\n%s", name, got)
	}
}

// TestRepairOffline: enable restores what the package registers from the kept package file,
// with the package host down.
func TestRepairOffline(t *testing.T) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4")} {
		t.Run(p.Name, func(t *testing.T) {
			s := passed(t, p, false)
			s.Packages.Down()
			for _, c := range changes() {
				if p.Family != roots.Apt && strings.Contains(c.script, "pam") {
					continue // the PAM files of the other family have other names
				}
				t.Run(c.title, func(t *testing.T) {
					s.T = t
					defer s.restore()
					s.Do(c.script)
					if ok, _ := s.signIn(); ok {
						t.Error("the change changes nothing")
					}
					code, what, next := s.enable()
					if ok, why := s.signIn(); code != 0 || !ok {
						t.Errorf("enable says %d %s | %s; the person gets in: %v (%s)", code, what, next, ok, why)
					}
				})
			}
			s.T = t
			if requests := s.Packages.Requests(); len(requests) > 0 && t.Failed() {
				t.Log(requests)
			}
		})
	}
}
