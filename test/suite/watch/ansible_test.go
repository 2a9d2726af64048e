//go:build rig

package watch_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"aadssh/test/lib/scene"
	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
	"aadssh/test/lib/wire"
)

// controller is a folder with the layout of the checkout, with a version's program where
// make build writes it.
func controller(t *testing.T, version string) (dir string) {
	t.Helper()
	program, err := scene.BuildAs(version)
	stage.Must(t, err)
	dir = t.TempDir()
	stage.Must(t, os.CopyFS(filepath.Join(dir, "misc/ansible"), os.DirFS(source.Path(t, "misc/ansible"))))
	stage.Must(t, os.Mkdir(filepath.Join(dir, "build"), 0o755))
	for _, arch := range []string{"amd64", "arm64"} {
		stage.Must(t, os.WriteFile(filepath.Join(dir, "build/aadsshlogin-handler-"+arch), program, 0o755))
	}
	return dir
}

// play runs a line of docs/install.md from outside the machine, with the real
// ansible-playbook, and returns how many of its tasks changed something.
func (s *booted) play(dir, line string) (changed string) {
	s.T.Helper()
	script := "cd " + dir + " && " + strings.ReplaceAll(line, "NAME", wire.Guest)
	r, err := s.Outside(s.T.Context(), "env", "HOME="+dir, "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_REMOTE_USER=root", "ANSIBLE_PRIVATE_KEY_FILE="+s.keys+"/root",
		"ANSIBLE_SSH_ARGS=-F none -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes", "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3",
		"timeout", "300", "sh", "-c", script)
	if err != nil || r.ExitCode != 0 {
		s.T.Fatalf("%s: %v, exit %d\n%s", line, err, r.ExitCode, r.Output())
	}
	m := regexp.MustCompile(`changed=(\d+)`).FindStringSubmatch(r.Output())
	if m == nil {
		s.T.Fatalf("no recap: %s", r.Output())
	}
	s.T.Logf("%s: %s", line, m[0])
	return m[1]
}

// TestAnsible: check mode changes nothing and reports what would change; "changed" is true
// exactly if something changed; the role upgrades, and removes everything.
func TestAnsible(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			key, err := os.ReadFile(s.keys + "/user.pub")
			stage.Must(t, err)
			private, err := os.ReadFile(s.keys + "/user")
			stage.Must(t, err)
			stage.Must(t, os.WriteFile(s.keys+"/root", private, 0o600)) // without the person's certificate next to it
			stage.Must(t, s.WriteFile("/root/.ssh/authorized_keys", key, 0o600))
			s.Do("chmod 700 /root/.ssh; mkdir -p /root/.ansible/tmp /usr/local/sbin")
			older, newer := controller(t, "1.0.0.0"), controller(t, "1.0.1.0")
			line := func(step string) string { return strings.TrimSpace(source.Block(t, "docs/install.md", "ansible"+step)) }
			before := s.inventory()
			if changed := s.play(older, line("")+" --check"); changed == "0" || s.inventory() != before {
				t.Errorf("in check mode %s tasks would change something; or it did:\n%s", changed, difference(before, s.inventory()))
			}
			if s.play(older, line("")) == "0" {
				t.Error("nothing was changed, it says")
			}
			s.Do("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.rest()
			end := s.guard()
			for _, option := range []string{"", " --check", " -e aadsshlogin_allow_downgrade=false"} {
				if changed := s.play(older, line("")+option); changed != "0" {
					t.Errorf("the second time %s tasks changed something (%s)", changed, option)
				}
			}
			for what, option := range map[string]string{
				"new protected settings": `-e '{"aadsshlogin_protected_settings": {"proxy": "http://u:p4ss-of-proxy@10.0.0.9:3128"}}'`,
				"a watch that is gone":   "",
			} {
				if option == "" {
					s.Do("rm /etc/systemd/system/aadsshlogin-handler.timer; systemctl daemon-reload")
				}
				if s.play(older, line("")+" "+option) == "0" {
					t.Errorf("%s: nothing was changed, it says", what)
				}
			}
			if s.play(newer, line("")) == "0" || s.Do(copied+" version") != "1.0.1.0" {
				t.Error("the role did not upgrade")
			}
			if s.play(older, line(": back")) == "0" || s.Do(copied+" version") != "1.0.0.0" {
				t.Error("the role did not downgrade")
			}
			s.run(0, copied+" status")
			if gaps := end(); gaps != "" {
				t.Errorf("on the way:\n%s", gaps)
			}
			s.rest()
			s.goneHome()
			if changed := s.play(older, line(": remove")+" --check"); changed == "0" {
				t.Error("in check mode nothing would be removed, it says")
			}
			s.Do("rm /usr/local/sbin/aadsshlogin-setup") // as if it had been set up in another way
			if s.play(older, line(": remove")) == "0" {
				t.Error("nothing was removed, it says")
			}
			if changed := s.play(older, line(": remove")); changed != "0" {
				t.Errorf("removed twice, %s tasks changed something", changed)
			}
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}
