//go:build rig

package watch_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"aadssh/test/lib/executable"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
)

// pack builds a deb or an rpm as make packages does, of a program that trusts the tests'
// key.
func pack(t *testing.T, version, kind string) []byte {
	t.Helper()
	dir := t.TempDir()
	binary, err := scene.BuildAs(version)
	stage.Must(t, err)
	program := filepath.Join(dir, "aadsshlogin-handler-"+runtime.GOARCH)
	stage.Must(t, executable.Write(program, binary))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write([]byte(source.Read(t, "misc/man/aadsshlogin-handler.1")))
	stage.Must(t, err)
	stage.Must(t, z.Close())
	stage.Must(t, os.WriteFile(filepath.Join(dir, "aadsshlogin-handler.1.gz"), zipped.Bytes(), 0o644))
	completion, err := exec.CommandContext(t.Context(), program, "completion", "bash").Output()
	stage.Must(t, err)
	stage.Must(t, os.WriteFile(filepath.Join(dir, "completion.bash"), completion, 0o644))
	stage.Must(t, os.WriteFile(filepath.Join(dir, "LICENSES.txt"), []byte(source.Read(t, "LICENSE")), 0o644))
	build := exec.CommandContext(t.Context(), "make", "-s", "build/nfpm")
	top := source.Path(t, "")
	build.Dir = top
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the packager: %v\n%s", err, out)
	}
	make := exec.CommandContext(t.Context(), "build/nfpm", "package", "-f", "misc/packages/nfpm.yaml", "-p", kind, "-t", dir+"/package")
	make.Dir, make.Env = top, append(os.Environ(), "ARCH="+runtime.GOARCH, "VERSION="+version, "BUILD="+dir)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("the package: %v\n%s", err, out)
	}
	b, err := os.ReadFile(dir + "/package")
	stage.Must(t, err)
	return b
}

// TestPackages: installed, upgraded, downgraded and removed by the machine's own package
// manager. That alone does not change the sign-in: the unit does, if it is enabled.
func TestPackages(t *testing.T) {
	for _, c := range []struct {
		persona                      roots.Persona
		kind, install, back, removal string
	}{
		{roots.Ubuntu("22.04"), "deb", "dpkg -i", "dpkg -i", "dpkg --purge aadsshlogin-handler"},
		{roots.RHEL("9.4"), "rpm", "dnf -q -y --disablerepo='*' --nogpgcheck install", "dnf -q -y --disablerepo='*' --nogpgcheck downgrade", "dnf -q -y remove aadsshlogin-handler"},
		{roots.SLES("15.6"), "rpm", "zypper -n -q --no-gpg-checks install --allow-unsigned-rpm", "zypper -n -q --no-gpg-checks install --allow-unsigned-rpm --oldpackage", "zypper -n -q remove aadsshlogin-handler"},
	} {
		t.Run(c.persona.Name, func(t *testing.T) {
			s := bootPersona(t, c.persona)
			for _, version := range []string{"1.0.0.0", "1.0.1.0"} {
				first, second := pack(t, version, c.kind), pack(t, version, c.kind)
				if !bytes.Equal(first, second) {
					t.Errorf("version %s packed twice is not the same", version)
				}
				stage.Must(t, s.WriteFile("/opt/"+version+"."+c.kind, first, 0o644))
			}
			before := s.inventory()
			s.run(0, c.install+" /opt/1.0.0.0."+c.kind)
			if out := s.sh("systemctl is-enabled aadsshlogin-setup; ls /usr/sbin/aad_certhandler /usr/local/bin/aadsshlogin-handler; ls -d /var/lib/aadsshlogin-handler"); !strings.HasPrefix(out, "disabled") || strings.Count(out, "No such file") != 3 {
				t.Errorf("the package alone did something: %s", out)
			}
			s.run(0, "systemctl enable --now aadsshlogin-setup")
			s.Do("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.rest()
			end := s.guard()
			s.run(0, c.install+" /opt/1.0.1.0."+c.kind)
			if got := s.Do("/usr/local/bin/aadsshlogin-handler version"); got != "1.0.0.0" {
				t.Errorf("before the unit's next run the copy is %s", got)
			}
			s.run(0, "systemctl start aadsshlogin-setup")
			if got := s.Do("/usr/local/bin/aadsshlogin-handler version"); got != "1.0.1.0" {
				t.Errorf("after the unit's next run the copy is %s", got)
			}
			s.run(0, c.back+" /opt/1.0.0.0."+c.kind)
			s.run(0, "systemctl start aadsshlogin-setup")
			if got := s.Do("/usr/local/bin/aadsshlogin-handler version"); got != "1.0.1.0" {
				t.Errorf("the older package's unit made the copy %s", got)
			}
			s.run(0, "/usr/bin/aadsshlogin-handler setup --allow-downgrade")
			s.run(0, c.removal)
			if gaps := end(); gaps != "" {
				t.Errorf("on the way:\n%s", gaps)
			}
			s.rest()
			if out := s.run(0, "/usr/local/bin/aadsshlogin-handler status"); !strings.Contains(out, "setup, version 1.0.0.0") || !s.signIn() {
				t.Errorf("without the package the machine is: %s", out)
			}
			s.goneHome()
			s.run(0, "/usr/local/bin/aadsshlogin-handler remove")
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}
