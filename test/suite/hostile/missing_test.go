//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// lacks are machines that lack what every machine has, each with a script that restores it.
func lacks() map[string][2]string {
	return map[string][2]string{
		"no proc":          {"mount -t tmpfs tmpfs /proc", "umount /proc"},
		"no sys":           {"mount -t tmpfs tmpfs /sys", "umount /sys"},
		"an empty run":     {"mount -t tmpfs tmpfs /run", "umount /run"},
		"a read-only run":  {"mount -t tmpfs -o ro tmpfs /run", "umount /run"},
		"a read-only tmp":  {"mount -t tmpfs -o ro tmpfs /tmp", "umount /tmp"},
		"a read-only vtmp": {"mount -t tmpfs -o ro tmpfs /var/tmp", "umount /var/tmp"},
		"no dev null":      {devices, "umount /dev"},
		"a file as null":   {devices + "; echo x >/dev/null", "umount /dev"},
	}
}

// devices are a /dev without its null.
const devices = "mount -t tmpfs -o dev tmpfs /dev; mknod -m 666 /dev/zero c 1 5; mknod -m 666 /dev/urandom c 1 9; mknod -m 666 /dev/random c 1 8; mkdir /dev/shm /dev/pts"

// TestMissingMounts: on a machine without /proc, /sys, /run, /tmp or /dev/null every
// command says what is missing, leaves no file behind, and works once it is there again.
func TestMissingMounts(t *testing.T) {
	for name, c := range lacks() {
		t.Run(name, func(t *testing.T) {
			s := newMachine(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
			s.SSHD()
			s.Deliver()
			s.Shf("%s", c[0])
			first := s.answered("fresh")
			for _, command := range []string{"doctor", "doctor --json", "plan", "status"} {
				s.says(command)
			}
			s.noRest()
			s.Shf("%s", c[1])
			s.Want(0).First("People can sign in")
			s.Has(fixtures.Login, newer)
			receipt := s.Shf("cat /var/lib/aadsshlogin-handler/receipt.json")
			s.Shf("%s", c[0])
			again := s.answered("healthy")
			for _, command := range []string{"doctor", "plan", "status", "watch"} {
				s.says(command)
			}
			s.noRest()
			s.Shf("%s", c[1])
			if now := s.Shf("cat /var/lib/aadsshlogin-handler/receipt.json"); now != receipt {
				t.Errorf("the receipt was\n%s\nand is\n%s", receipt, now)
			}
			s.Want(0).First("People can sign in")
			t.Logf("fresh: %d %s\nhealthy: %d %s", first.ExitCode, first.Stdout, again.ExitCode, again.Stdout)
		})
	}
}

// answered makes the agent apply, and fails the test if a failure has no text.
func (s *machine) answered(when string) stage.Verdict {
	s.T.Helper()
	v := s.Apply()
	if v.ExitCode != 0 && (v.What() == "" || v.Next() == "") {
		s.T.Errorf("%s: exit %d: %q", when, v.ExitCode, v.Stdout+v.Stderr)
	}
	if strings.Contains(v.Stdout+v.Stderr, "panic") {
		s.T.Errorf("%s: %s", when, v.Stdout+v.Stderr)
	}
	return v
}

// says runs a command, which must print something and must not panic.
func (s *machine) says(command string) {
	s.T.Helper()
	if said := s.timed(command); strings.TrimSpace(said) == "" && command != "watch" || strings.Contains(said, "goroutine ") {
		s.T.Errorf("%s says: %q", command, said)
	}
}

// noRest fails the test if a temporary file of ours is left.
func (s *machine) noRest() {
	s.T.Helper()
	if left := s.Shf("find / -xdev ! -path '/proc/*' ! -path '/dev/*' \\( -name '.*~' -o -name 'aadsshlogin-handler.transaction' \\)"); left != "" {
		s.T.Errorf("files are left: %s", left)
	}
}
