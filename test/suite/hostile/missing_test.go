//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/scene"
)

// lacks are machines that lack what every machine has, each with what brings it
// back.
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

// TestLacks: on a machine without /proc, /sys, /run, /tmp or /dev/null every
// command says what is so, leaves no file behind, and works when it is back.
func TestLacks(t *testing.T) {
	for name, c := range lacks() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
			s.deliver()
			s.sh("%s", c[0])
			first := s.told("fresh")
			for _, command := range []string{"doctor", "doctor --json", "plan", "status"} {
				s.says(command)
			}
			s.noRest()
			s.sh("%s", c[1])
			s.want(0, "People can sign in")
			s.has(newer)
			receipt := s.sh("cat /var/lib/aadsshlogin-handler/receipt.json")
			s.sh("%s", c[0])
			again := s.told("healthy")
			for _, command := range []string{"doctor", "plan", "status", "watch"} {
				s.says(command)
			}
			s.noRest()
			s.sh("%s", c[1])
			if now := s.sh("cat /var/lib/aadsshlogin-handler/receipt.json"); now != receipt {
				t.Errorf("the receipt was\n%s\nand is\n%s", receipt, now)
			}
			s.want(0, "People can sign in")
			t.Logf("fresh: %d %s\nhealthy: %d %s", first.ExitCode, first.Stdout, again.ExitCode, again.Stdout)
		})
	}
}

// told has the agent apply, and fails the test where a failure is not told.
func (s *stage) told(when string) applied {
	s.t.Helper()
	v := s.apply()
	if v.ExitCode != 0 && (v.what() == "" || v.next() == "") {
		s.t.Errorf("%s: exit %d: %q", when, v.ExitCode, v.Stdout+v.Stderr)
	}
	if strings.Contains(v.Stdout+v.Stderr, "panic") {
		s.t.Errorf("%s: %s", when, v.Stdout+v.Stderr)
	}
	return v
}

// says runs a command, which has to say something and not to panic.
func (s *stage) says(command string) {
	s.t.Helper()
	if said := s.timed(command); strings.TrimSpace(said) == "" && command != "watch" || strings.Contains(said, "goroutine ") {
		s.t.Errorf("%s says: %q", command, said)
	}
}

// noRest fails the test where a temporary file of ours is left.
func (s *stage) noRest() {
	s.t.Helper()
	if left := s.sh("find / -xdev ! -path '/proc/*' ! -path '/dev/*' \\( -name '.*~' -o -name 'aadsshlogin-handler.transaction' \\)"); left != "" {
		s.t.Errorf("files are left: %s", left)
	}
}
