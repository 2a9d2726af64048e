//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// state is dpkg's word for a package.
func state(t *testing.T, s *stage.Stage, name string) string {
	t.Helper()
	return strings.TrimSpace(s.Sh("dpkg-query -W -f '${Status}' " + name + " || true"))
}

// script finds the installation script of a package while it runs.
func script(name string) string { return "pgrep -f '/info/" + name + ".post[i]nst configure'" }

// inScript waits until that script runs.
func inScript(t *testing.T, s *stage.Stage, name string) {
	t.Helper()
	s.Until(name+" is being configured", func() bool {
		r, err := s.Run(t.Context(), nil, "sh", "-c", script(name))
		s.Must(err)
		return r.ExitCode == 0
	})
}

// interrupt starts a command in the box that installs a package whose script
// waits, and kills it with all that it started in the middle of that.
func interrupt(t *testing.T, s *stage.Stage, name string, argv ...string) {
	t.Helper()
	s.Write(hold, "")
	p, err := s.Start(box.Environment(), argv...)
	s.Must(err)
	inScript(t, s, name)
	s.Sh("kill -9 $(pgrep -x 'apt-get|dpkg'; " + script(name) + ")")
	_, err = p.Wait(t.Context())
	s.Must(err)
	s.Must(s.Remove(hold))
}

// TestInterruptedDpkg: another package's installation was cut off, as by a
// power failure. apt refuses all work then.
func TestInterruptedDpkg(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{})
	const other = fixtures.Dependency + "07"
	deb, err := fixtures.Deb(t.Context(), s.Cache, fixtures.Spec{Name: other, Version: "1.0", Hold: hold})
	s.Must(err)
	s.Must(s.CopyIn(deb, "/tmp/other.deb", 0o644))
	interrupt(t, s, other, "dpkg", "--install", "/tmp/other.deb")
	if got := state(t, s, other); got == "install ok installed" {
		t.Fatalf("it was not interrupted: %s", got)
	}
	s.Want(0)
	if got := state(t, s, other); got != "install ok installed" {
		t.Errorf("the other package is still %q", got)
	}
}

// TestOurInterruptedPackage: our own package's installation was cut off.
func TestOurInterruptedPackage(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{})
	deb, err := fixtures.Deb(t.Context(), s.Cache, fixtures.Spec{Name: fixtures.Login, Version: scene.Version, Hold: hold})
	s.Must(err)
	s.Must(s.CopyIn(deb, "/tmp/ours.deb", 0o644))
	interrupt(t, s, fixtures.Login, "dpkg", "--install", "/tmp/ours.deb")
	if got := state(t, s, fixtures.Login); got != "install ok half-configured" {
		t.Fatalf("it was not interrupted: %s", got)
	}
	s.Want(0)
	if got := state(t, s, fixtures.Login); got != "install ok installed" {
		t.Errorf("it is still %q", got)
	}
}

// TestNothingIsAsked: a configuration file that the owner changed stays, and
// what asks questions or restarts services after a transaction is kept quiet.
func TestNothingIsAsked(t *testing.T) {
	t.Parallel()
	s := stage.New(t, scene.Options{})
	s.Want(0)
	const conffile = "/etc/sudoers.d/aad_admins"
	was, err := s.ReadFile(conffile)
	s.Must(err)
	owners := string(was) + "# the owner's line\n"
	s.WriteMode(conffile, owners, 0o440)
	// A hook as needrestart has one (needrestart(1), ENVIRONMENT): it asks
	// unless it is told not to.
	s.WriteMode("/usr/local/bin/asks", `#!/bin/sh
env > /run/hook
[ -n "$NEEDRESTART_SUSPEND" ] && exit 0
touch /run/asked
read answer </dev/tty || read answer
`, 0o755)
	s.Write("/etc/apt/apt.conf.d/99asks", `DPkg::Post-Invoke { "/usr/local/bin/asks"; };`)
	s.Offer(fixtures.Spec{Name: fixtures.Login, Version: scene.Version + "9"})
	// install moves to the newest version, enable does not: so the agent is to
	// install once more.
	s.Must(s.Remove(stage.Home + "/config/HandlerState"))
	s.Want(0)
	if got := s.Sh("dpkg-query -W -f '${Version}' " + fixtures.Login); got != scene.Version+"9" {
		t.Errorf("the version is still %s", got)
	}
	if b, err := s.ReadFile(conffile); err != nil || string(b) != owners {
		t.Errorf("the owner's file is now %q, %v", b, err)
	}
	if !s.Exists(conffile + ".dpkg-dist") {
		t.Error("the package brought no other version of the file, so that there was nothing to ask")
	}
	if !s.Exists("/run/hook") || s.Exists("/run/asked") {
		t.Errorf("hook run: %v, question asked: %v", s.Exists("/run/hook"), s.Exists("/run/asked"))
	}
	environment := s.Sh("cat /run/hook")
	for _, v := range []string{"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "UCF_FORCE_CONFFOLD=1", "APT_LISTCHANGES_FRONTEND=none"} {
		if !strings.Contains(environment, v+"\n") {
			t.Errorf("scripts do not get %s:\n%s", v, environment)
		}
	}
}
