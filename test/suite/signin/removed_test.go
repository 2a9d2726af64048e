//go:build rig

package signin_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// removal is a way to remove the package without the handler.
type removal struct {
	persona roots.Persona
	script  string
	anew    string // the removal in the next step, if there is one
}

func removals() []removal {
	ubuntu, rhel, sles := roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")
	return []removal{
		{ubuntu, "apt-get -q -y remove aadsshlogin", "apt-get purge aadsshlogin"},
		{ubuntu, "apt-get -q -y purge aadsshlogin", ""},
		{rhel, "dnf -q -y remove aadsshlogin", "dnf remove aadsshlogin"},
		{rhel, "rpm -e --noscripts aadsshlogin", "dnf remove aadsshlogin"},
		{sles, "zypper -n -q remove aadsshlogin", "zypper remove aadsshlogin"},
	}
}

// TestPackageRemoved: enable's verdict agrees with what a person experiences, whether or
// not the scripts of the package treat this as a first installation, and whether the
// package comes from the kept file or from the repository.
func TestPackageRemoved(t *testing.T) {
	for _, how := range []struct {
		firstOnly bool
		lose      string // what is removed besides the package, so that it is fetched
	}{{false, ""}, {true, ""}, {true, "rm -r /var/lib/aadsshlogin-handler/packages; "}} {
		for _, c := range removals() {
			name := c.persona.Name + ", " + c.script
			if how.firstOnly {
				name += ", registers once"
			}
			if how.lose != "" {
				name += ", nothing kept"
			}
			if how.lose != "" && c.persona.Name != removals()[0].persona.Name && os.Getenv("MACHINES") != "all" {
				continue // fetching is the same in each family: one of them, or all with MACHINES=all
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := passed(t, c.persona, how.firstOnly)
				s.Do(how.lose + c.script)
				if ok, _ := s.signIn(); ok {
					t.Error("the person gets in without the package")
				}
				before := len(s.Packages.Requests())
				code, what, next := s.enable()
				s.Do("ls /var/lib/aadsshlogin-handler/packages/aadsshlogin*") // kept again if it was gone
				// If reinstalling does not help, a newer version is searched for.
				if asked := len(s.Packages.Requests()) > before; code == 0 && asked != (how.lose != "") {
					t.Errorf("the repository was asked: %v", asked)
				}
				s.Do("command -v aaduseradd >/dev/null && aaduseradd " + person) // a removal deletes the accounts
				ok, why := s.signIn()
				if (code == 0) != ok || code != 0 && !how.firstOnly {
					t.Fatalf("enable says %d %s | %s; the person gets in: %v (%s)", code, what, next, ok, why)
				}
				t.Logf("%d %s | %s", code, what, next)
				if code == 0 {
					return
				}
				if code != 21 || c.anew == "" || !strings.Contains(next, "sudo "+c.anew+";") {
					t.Fatalf("enable says %d %s | %s", code, what, next)
				}
				s.Do(strings.Replace(c.anew, " aadsshlogin", " -y aadsshlogin", 1)) // the next step, carried out
				code, what, next = s.enable()
				s.Do("aaduseradd " + person)
				if ok, why := s.signIn(); code != 0 || !ok {
					t.Errorf("after it enable says %d %s | %s; the person gets in: %v (%s)", code, what, next, ok, why)
				}
			})
		}
	}
}

// TestRemovedWithWhatItNeeds: the kept file alone is not enough. Without network nothing is
// changed, not even partly; with it everything is restored.
func TestRemovedWithWhatItNeeds(t *testing.T) {
	const need = fixtures.Dependency + "01"
	for _, c := range []struct {
		persona        roots.Persona
		remove, broken string // broken prints what is half installed
	}{
		{roots.Ubuntu("24.04"), "apt-get -q -y remove aadsshlogin " + need + "; apt-get clean", "dpkg --audit"},
		{roots.RHEL("9.4"), "dnf -q -y remove aadsshlogin " + need + "; dnf -q clean all", "rpm -qa | grep aadssh; true"},
	} {
		t.Run(c.persona.Name, func(t *testing.T) {
			t.Parallel()
			s := passedOn(t, scene.Options{Persona: c.persona, Timeout: 40 * time.Second, Packages: []fixtures.Spec{
				{Name: fixtures.Login, Version: scene.Version, Depends: []string{need}}, {Name: need, Version: "1.0"}}})
			s.Do(c.remove)
			s.Packages.Down()
			code, what, next := s.enable()
			if code != 20 {
				t.Errorf("without network enable says %d %s | %s", code, what, next)
			}
			if r := s.Try(c.broken); strings.TrimSpace(r.Output()) != "" || r.ExitCode != 0 {
				t.Errorf("half installed: %s", r.Output())
			}
			if err := s.Packages.Up(); err != nil {
				t.Fatal(err)
			}
			code, what, next = s.enable()
			s.Do("aaduseradd " + person)
			if ok, why := s.signIn(); code != 0 || !ok {
				t.Errorf("with network enable says %d %s | %s; the person gets in: %v (%s)", code, what, next, ok, why)
			}
		})
	}
}
