//go:build rig

package hostile

import (
	"slices"
	"testing"

	"aadssh/distro"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// TestRequestsOfAnInstallation measures the requests that install and enable send to the
// package host on a fresh machine, and that the agent's next start sends none:
// TestThousandInstances uses these numbers.
func TestRequestsOfAnInstallation(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
		s.Want(0)
		asked := s.Packages.Requests()
		t.Logf("%d requests: %v", len(asked), asked)
		if want := requests()[distro.Manager(p.Family)]; len(asked) != want {
			t.Errorf("%d requests, and not %d: %v", len(asked), want, asked)
		}
		s.Packages.Forget()
		s.Want(0)
		if again := s.Packages.Requests(); len(again) > 0 {
			t.Errorf("a healthy machine asks the package host: %v", again)
		}
	})
}

// TestCrowdedHost: a package host that has had too many requests is asked again after a
// pause, within the available time.
func TestCrowdedHost(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}})
		s.Deliver()
		s.Packages.TroubleTimes(s.place("/..."), 6, pkghost.Status(429, 1e9))
		s.Want(0)
		s.Has(fixtures.Login, newer)
		refused := slices.DeleteFunc(s.Packages.Requests(), func(r pkghost.Request) bool { return r.Status != 429 })
		if len(refused) != 6 {
			t.Errorf("%d requests were refused, not 6", len(refused))
		}
	})
}
