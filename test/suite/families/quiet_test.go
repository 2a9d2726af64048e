//go:build rig

package families

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestNothingIsAsked: a changed configuration file is kept, and programs that ask questions
// or restart services after a transaction are kept quiet.
func TestNothingIsAsked(t *testing.T) {
	s := start(t, "ubuntu-22.04", scene.Options{})
	s.Want(0)
	const conffile = "/etc/sudoers.d/aad_admins"
	was, err := s.ReadFile(conffile)
	s.Must(err)
	owners := string(was) + "# the owner's line\n"
	s.WriteMode(conffile, owners, 0o440)
	// A hook like needrestart's (needrestart(1), ENVIRONMENT): it asks unless it is told
	// not to.
	s.WriteMode("/usr/local/bin/asks", `#!/bin/sh
env > /run/hook
[ -n "$NEEDRESTART_SUSPEND" ] && exit 0
touch /run/asked
read answer </dev/tty || read answer
`, 0o755)
	s.Write("/etc/apt/apt.conf.d/99asks", `DPkg::Post-Invoke { "/usr/local/bin/asks"; };`)
	s.Offer(fixtures.Spec{Name: fixtures.Login, Version: scene.Version + "9"})
	// install updates to the newest version, enable does not: so the agent has to install
	// again.
	s.Must(s.Remove(stage.Home + "/config/HandlerState"))
	s.Want(0)
	if got := s.Sh("dpkg-query -W -f '${Version}' " + fixtures.Login); got != scene.Version+"9" {
		t.Errorf("the version is still %s", got)
	}
	if b, err := s.ReadFile(conffile); err != nil || string(b) != owners {
		t.Errorf("the owner's file is now %q, %v", b, err)
	}
	if !s.Exists(conffile + ".dpkg-dist") {
		t.Error("the package has no other version of the file, so there was no question")
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
