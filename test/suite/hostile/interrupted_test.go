//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
)

// state is dpkg's state of a package.
func (s *machine) state(name string) string {
	s.T.Helper()
	return s.Do("dpkg-query -W -f '${Status}' " + name + " || true")
}

// script finds the running installation script of a package.
func script(name string) string { return "pgrep -f '/info/" + name + ".post[i]nst configure'" }

// interrupt makes dpkg install a package whose script waits, and then kills it together
// with all its children.
func (s *machine) interrupt(name, deb string) {
	s.T.Helper()
	s.Write(hold, "")
	p, err := s.Start(box.Environment(), "dpkg", "--install", deb)
	s.Must(err)
	s.Await(script(name))
	s.Sh("kill -9 $(pgrep -x 'apt-get|dpkg'; " + script(name) + ")")
	_, err = p.Wait(s.T.Context())
	s.Must(err)
	s.Must(s.Remove(hold))
}

// TestInterruptedDpkg: an installation of our package or of another one was interrupted, as
// by a power failure. apt then refuses to work; the installation is completed.
func TestInterruptedDpkg(t *testing.T) {
	const other = fixtures.Dependency + "07"
	killed := func(name string) func(*machine, string) {
		return func(s *machine, deb string) { s.interrupt(name, deb) }
	}
	for _, c := range []struct {
		name, of string
		cutOff   func(s *machine, deb string)
		refuses  bool // apt does, and prints what to do
	}{
		{"another package, in its script", other, killed(other), false},
		{"ours, in its script", fixtures.Login, killed(fixtures.Login), false},
		{"ours, unpacked", fixtures.Login, func(s *machine, deb string) {
			s.Sh("dpkg --unpack " + deb + "; mkdir -p /var/lib/dpkg/updates; touch /var/lib/dpkg/updates/0001")
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newMachine(t, scene.Options{})
			deb, err := fixtures.Deb(t.Context(), s.Cache, fixtures.Spec{Name: c.of, Version: scene.Version, Hold: hold})
			s.Must(err)
			s.Must(s.CopyIn(deb, "/tmp/cut.deb", 0o644))
			c.cutOff(s, "/tmp/cut.deb")
			if got := s.state(c.of); got == "install ok installed" {
				t.Fatalf("it was not interrupted: %s", got)
			}
			if c.refuses {
				if out := s.Fails("apt-get -y install aadsshlogin"); !strings.Contains(out, "dpkg was interrupted") {
					t.Fatalf("apt-get says something else: %s", out)
				}
			}
			if out := s.Sh("dpkg --audit"); !strings.Contains(out, c.of) {
				t.Fatalf("dpkg --audit: %s", out)
			}
			s.Want(0)
			if got := s.state(c.of); got != "install ok installed" {
				t.Errorf("it is still %q", got)
			}
			s.Has(fixtures.Login, newer)
			if out := s.Sh("dpkg --audit"); out != "" {
				t.Errorf("dpkg --audit: %s", out)
			}
		})
	}
}
