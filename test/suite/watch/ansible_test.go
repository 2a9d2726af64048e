//go:build rig

package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/scene"
	"aadsshlogin-handler/test/lib/wire"
)

// play runs the role with the real ansible-playbook, from outside the machine,
// and says how many of its tasks changed something.
func (s *stage) play(version, variables string, options ...string) (changed string) {
	s.t.Helper()
	binary, err := scene.BuildAs(version)
	fatal(s.t, err)
	top, err := scene.Top(s.t.Context())
	fatal(s.t, err)
	dir := s.t.TempDir()
	fatal(s.t, os.WriteFile(filepath.Join(dir, "program"), binary, 0o755))
	fatal(s.t, os.WriteFile(filepath.Join(dir, "play.yml"), []byte(fmt.Sprintf(`
- hosts: all
  roles: [aadsshlogin]
  vars:
    aadsshlogin_program: {x86_64: %[1]s/program, aarch64: %[1]s/program}
%[2]s
`, dir, variables)), 0o600))
	args := append([]string{"env", "HOME=" + dir, "ANSIBLE_ROLES_PATH=" + filepath.Join(top, "misc/ansible/roles"), "ANSIBLE_HOST_KEY_CHECKING=False",
		"ANSIBLE_SSH_ARGS=-F none -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes", "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3",
		"timeout", "300", "ansible-playbook", "-i", wire.Guest + ",", "-u", "root", "--private-key", s.keys + "/root", dir + "/play.yml"}, options...)
	r, err := s.Outside(s.t.Context(), args...)
	if err != nil || r.ExitCode != 0 {
		s.t.Fatalf("ansible-playbook: %v, exit %d\n%s", err, r.ExitCode, r.Output())
	}
	m := regexp.MustCompile(`changed=(\d+)`).FindStringSubmatch(r.Output())
	if m == nil {
		s.t.Fatalf("no recap: %s", r.Output())
	}
	s.t.Logf("%s: %s", strings.Join(options, " "), m[0])
	return m[1]
}

// TestAnsible: check mode changes nothing and says what would be; changed or not
// is true; the role upgrades, and takes everything back.
func TestAnsible(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			key, err := os.ReadFile(s.keys + "/user.pub")
			fatal(t, err)
			private, err := os.ReadFile(s.keys + "/user")
			fatal(t, err)
			fatal(t, os.WriteFile(s.keys+"/root", private, 0o600)) // without the person's certificate beside it
			fatal(t, s.WriteFile("/root/.ssh/authorized_keys", key, 0o600))
			s.must("chmod 700 /root/.ssh; mkdir -p /root/.ansible/tmp /usr/local/sbin")
			before := s.inventory()
			if changed := s.play("1.0.0.0", "", "--check"); changed == "0" || s.inventory() != before {
				t.Errorf("in check mode %s tasks would change something; or it did:\n%s", changed, difference(before, s.inventory()))
			}
			if s.play("1.0.0.0", "") == "0" {
				t.Error("nothing was changed, it says")
			}
			s.must("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.rest()
			end := s.guard()
			for _, options := range [][]string{nil, {"--check"}} {
				if changed := s.play("1.0.0.0", "", options...); changed != "0" {
					t.Errorf("the second time %s tasks changed something (%v)", changed, options)
				}
			}
			if s.play("1.0.1.0", "") == "0" || s.must("/usr/local/bin/aadsshlogin-handler version") != "1.0.1.0" {
				t.Error("the role did not upgrade")
			}
			if s.play("1.0.0.0", "    aadsshlogin_allow_downgrade: true") == "0" || s.must("/usr/local/bin/aadsshlogin-handler version") != "1.0.0.0" {
				t.Error("the role did not go back")
			}
			s.run(0, "/usr/local/bin/aadsshlogin-handler status")
			if gaps := end(); gaps != "" {
				t.Errorf("on the way:\n%s", gaps)
			}
			s.rest()
			s.must("for n in $(seq 100); do pgrep -U " + person + " >/dev/null || break; sleep 0.2; done")
			if s.play("1.0.0.0", "    aadsshlogin_state: absent") == "0" {
				t.Error("nothing was removed, it says")
			}
			if changed := s.play("1.0.0.0", "    aadsshlogin_state: absent"); changed != "0" {
				t.Errorf("removed twice, %s tasks changed something", changed)
			}
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}
