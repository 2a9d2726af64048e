//go:build rig

package signin_test

import (
	"strings"
	"testing"

	"aadssh/test/lib/roots"
)

// TestRepairOffline: enable restores what the package registers from the kept package file,
// with the package host down.
func TestRepairOffline(t *testing.T) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4")} {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
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
