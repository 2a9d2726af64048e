//go:build rig

package enable

import (
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/scene"
)

const hold = "/run/hold" // installation scripts wait while it is there

// state is dpkg's word for a package.
func state(t *testing.T, s *scene.Scene, name string) string {
	t.Helper()
	return strings.TrimSpace(shell(t, s, "dpkg-query -W -f '${Status}' "+name+" || true"))
}

// script finds the installation script of a package while it runs.
func script(name string) string { return "pgrep -f '/info/" + name + ".post[i]nst configure'" }

// inScript waits until that script runs.
func inScript(t *testing.T, s *scene.Scene, name string) {
	t.Helper()
	until(t, name+" is being configured", func() bool {
		r, err := s.Run(t.Context(), nil, "sh", "-c", script(name))
		ok(t, err)
		return r.ExitCode == 0
	})
}

// interrupt starts a command in the box that installs a package whose script
// waits, and kills it with all that it started in the middle of that.
func interrupt(t *testing.T, s *scene.Scene, name string, argv ...string) {
	t.Helper()
	write(t, s, hold, "", 0o644)
	p, err := s.Start(box.Environment(), argv...)
	ok(t, err)
	inScript(t, s, name)
	shell(t, s, "kill -9 $(pgrep -x 'apt-get|dpkg'; "+script(name)+")")
	_, err = p.Wait(t.Context())
	ok(t, err)
	ok(t, s.Remove(hold))
}

// TestInterruptedDpkg: another package's installation was cut off, as by a
// power failure. apt refuses all work then.
func TestInterruptedDpkg(t *testing.T) {
	s := stage(t, scene.Options{})
	const other = fixtures.Dependency + "07"
	deb, err := fixtures.Deb(t.Context(), s.Cache, fixtures.Spec{Name: other, Version: "1.0", Hold: hold})
	ok(t, err)
	ok(t, s.CopyIn(deb, "/tmp/other.deb", 0o644))
	interrupt(t, s, other, "dpkg", "--install", "/tmp/other.deb")
	if got := state(t, s, other); got == "install ok installed" {
		t.Fatalf("it was not interrupted: %s", got)
	}
	want(t, s, 0)
	if got := state(t, s, other); got != "install ok installed" {
		t.Errorf("the other package is still %q", got)
	}
}

// TestHalfConfigured: our own package's installation was cut off.
func TestHalfConfigured(t *testing.T) {
	s := stage(t, scene.Options{})
	deb, err := fixtures.Deb(t.Context(), s.Cache, fixtures.Spec{Name: fixtures.Login, Version: scene.Version, Hold: hold})
	ok(t, err)
	ok(t, s.CopyIn(deb, "/tmp/ours.deb", 0o644))
	interrupt(t, s, fixtures.Login, "dpkg", "--install", "/tmp/ours.deb")
	if got := state(t, s, fixtures.Login); got != "install ok half-configured" {
		t.Fatalf("it was not interrupted: %s", got)
	}
	want(t, s, 0)
	if got := state(t, s, fixtures.Login); got != "install ok installed" {
		t.Errorf("it is still %q", got)
	}
}

// TestFailingScript: the reason and the way out of a package whose script fails
// is in the verdict, and a repaired package heals the machine.
func TestFailingScript(t *testing.T) {
	s := stage(t, scene.Options{Packages: []fixtures.Spec{{Name: fixtures.Login, Version: "1.0.1", FailPost: true}}})
	want(t, s, 26, fixtures.Login, "exit status 1", "dpkg --configure -a")
	offer(t, s, fixtures.Spec{Name: fixtures.Login, Version: "1.0.2"})
	want(t, s, 0)
	if got := shell(t, s, "dpkg-query -W -f '${Status} ${Version}' "+fixtures.Login); got != "install ok installed 1.0.2" {
		t.Errorf("the package is %q", got)
	}
}

// TestNothingIsAsked: a configuration file that the owner changed stays, and
// what asks questions or restarts services after a transaction is kept quiet.
func TestNothingIsAsked(t *testing.T) {
	s := stage(t, scene.Options{})
	want(t, s, 0)
	const conffile = "/etc/sudoers.d/aad_admins"
	was, err := s.ReadFile(conffile)
	ok(t, err)
	owners := string(was) + "# the owner's line\n"
	write(t, s, conffile, owners, 0o440)
	// A hook as needrestart has one (needrestart(1), ENVIRONMENT): it asks
	// unless it is told not to.
	write(t, s, "/usr/local/bin/asks", `#!/bin/sh
env > /run/hook
[ -n "$NEEDRESTART_SUSPEND" ] && exit 0
touch /run/asked
read answer </dev/tty || read answer
`, 0o755)
	write(t, s, "/etc/apt/apt.conf.d/99asks", `DPkg::Post-Invoke { "/usr/local/bin/asks"; };`, 0o644)
	offer(t, s, fixtures.Spec{Name: fixtures.Login, Version: scene.Version + "9"})
	// install moves to the newest version, enable does not: so the agent is to
	// install once more.
	ok(t, s.Remove(home+"/config/HandlerState"))
	want(t, s, 0)
	if got := shell(t, s, "dpkg-query -W -f '${Version}' "+fixtures.Login); got != scene.Version+"9" {
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
	environment := shell(t, s, "cat /run/hook")
	for _, v := range []string{"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "UCF_FORCE_CONFFOLD=1", "APT_LISTCHANGES_FRONTEND=none"} {
		if !strings.Contains(environment, v+"\n") {
			t.Errorf("scripts do not get %s:\n%s", v, environment)
		}
	}
}
