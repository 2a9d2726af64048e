//go:build rig

package watch_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/source"
	"aadssh/test/lib/stage"
)

// applications is the folder of the agent's application manager, with a folder for each
// version of each application.
const applications = "/var/lib/waagent/Microsoft.CPlat.Core.VMApplicationManagerLinux/aadsshlogin-handler/"

// vmApplication is the package of a version, as make release builds it.
func vmApplication(t testing.TB, version string) []byte {
	t.Helper()
	binary, err := scene.BuildAs(version)
	stage.Must(t, err)
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, content := range map[string][]byte{"aadsshlogin-handler": []byte(source.Read(t, "misc/launcher")), "aadsshlogin-handler-" + runtime.GOARCH: binary} {
		stage.Must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err := w.Write(content)
		stage.Must(t, err)
	}
	stage.Must(t, w.Close())
	stage.Must(t, z.Close())
	return out.Bytes()
}

// manage runs one of the application's commands as the application manager does: bash, the
// version's folder, the package under the application's name.
func (s *booted) manage(version, command string) string {
	s.T.Helper()
	text := source.Read(s.T, "misc/vm-application/"+command)
	if len(text) > 4096 {
		s.T.Fatalf("the command %s has %d characters, and 4,096 are allowed", command, len(text))
	}
	dir := applications + version
	if command != "remove" {
		s.Must(s.WriteFile(dir+"/aadsshlogin-handler", vmApplication(s.T, version+".0"), 0o644))
	}
	s.Must(s.WriteFile("/root/command", []byte(text), 0o644))
	return s.run(0, "cd "+dir+" && env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -c \"$(cat /root/command)\"")
}

// TestVMApplication: installed, updated and downgraded without a moment without the
// packages, with the old version's folder next to it, and removed.
func TestVMApplication(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			s.Do("mkdir -p " + applications)
			stage.Must(t, s.WriteFile("/root/command", []byte(""), 0o644))
			before := s.inventory()
			stage.Must(t, s.WriteFile(applications+"1.0.0/aadsshlogin-handler-config", []byte(`{"monitor": 30}`), 0o644))
			if out := s.manage("1.0.0", "install"); !strings.Contains(out, "People can sign in") {
				t.Errorf("install says: %s", out)
			}
			s.Do("aaduseradd " + person)
			if !s.signIn() || !strings.Contains(monitor(s.setUp(0)), "every 30 minutes") {
				t.Error("the person does not get in, or the configuration file was not read")
			}
			s.rest()
			end := s.guard()
			for _, version := range []string{"1.0.1", "1.0.0"} {
				s.manage(version, "update")
				if got := s.Do("/usr/local/bin/aadsshlogin-handler version"); got != version+".0" {
					t.Errorf("after the update to %s the copy is %s", version, got)
				}
				s.run(0, "/usr/local/bin/aadsshlogin-handler status")
			}
			if gaps := end(); gaps != "" {
				t.Errorf("on the way:\n%s", gaps)
			}
			s.rest()
			s.goneHome()
			s.manage("1.0.0", "remove")
			s.Do("rm -r " + applications + "*")
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}

// release serves the files of a release, and returns lines of a document with the values
// that they need: the variables url and sum, which a person sets first, or the values
// inserted in their place, as in a script for cloud-init or one that az sends.
func (s *booted) release(version string, files map[string][]byte) (fill func(code string) string) {
	s.T.Helper()
	for name, content := range files {
		s.Packages.File("/release-"+version+"/"+name, content)
	}
	return func(code string) string {
		const url = "https://packages.microsoft.com/release-"
		m := regexp.MustCompile(`(["'])(?:\$sum|SHA256)  (\S+)["']`).FindStringSubmatch(code)
		if m == nil {
			return code // back, from the existing file
		}
		content, ok := files[filepath.Base(m[2])]
		if !ok { // the program is saved under its own name
			content, ok = files["aadsshlogin-handler-"+runtime.GOARCH]
		}
		if !ok {
			s.T.Fatalf("the release has no %s", m[2])
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(content))
		if m[1] == `"` {
			return "url=" + url + version + " sum=" + sum + "\n" + code
		}
		return strings.NewReplacer("$url", url+version, "URL", url+version, "$sum", sum, "SHA256", sum).Replace(code)
	}
}

// binary is the program by itself, as in a release.
func binary(t *testing.T, version string) map[string][]byte {
	t.Helper()
	program, err := scene.BuildAs(version)
	stage.Must(t, err)
	return map[string][]byte{"aadsshlogin-handler-" + runtime.GOARCH: program}
}

// way is one way in docs/install.md, with its lines.
type way struct {
	name                         string
	machines                     []roots.Persona
	files                        func(t *testing.T, version string) map[string][]byte
	setUp, another, back, remove string
}

// sent is the script that a line of az passes to the agent's run-command.
func sent(t *testing.T, page, marker string) string {
	t.Helper()
	_, script, found := strings.Cut(source.Block(t, page, marker), "--scripts")
	script = strings.Trim(script, " \\\n")
	if !found || len(script) < 2 || script[0] != '"' || script[len(script)-1] != '"' {
		t.Fatalf("%s is laid out in another way", marker)
	}
	return script[1 : len(script)-1]
}

// ways reads the document.
func ways(t *testing.T) []way {
	t.Helper()
	const page = "docs/install.md"
	first := func(lines string) string { line, _, _ := strings.Cut(lines, "\n"); return line + "\n" }
	byHand := source.Block(t, page, "by hand")
	runCommand := func(marker string) string { return sent(t, page, marker) }
	all := []way{
		{name: "by hand", machines: families(), files: binary, setUp: byHand, another: byHand,
			back: first(byHand) + source.Block(t, page, "by hand: back"), remove: source.Block(t, page, "by hand: remove")},
		{name: "run-command", machines: families(), files: binary, setUp: runCommand("run-command"), another: runCommand("run-command"),
			back: runCommand("run-command") + " --allow-downgrade", remove: runCommand("run-command: remove")},
	}
	for i, name := range []string{"deb", "rpm (dnf)", "rpm (zypper)"} {
		all = append(all, way{name: name, machines: families()[i : i+1], files: func(t *testing.T, version string) map[string][]byte {
			if name == "deb" {
				return map[string][]byte{"aadsshlogin-handler_" + version + "-1_amd64.deb": pack(t, version, "deb")}
			}
			return map[string][]byte{"aadsshlogin-handler-" + version + "-1.x86_64.rpm": pack(t, version, "rpm")}
		}, setUp: source.Block(t, page, name), another: source.Block(t, page, name+": another version"), back: source.Block(t, page, name+": back"), remove: source.Block(t, page, name+": remove")})
	}
	return all
}

// TestWays runs the lines of docs/install.md unchanged: from nothing to a signed-in person,
// to another version and back with the packages watched all the time, and to a machine in
// its original state.
func TestWays(t *testing.T) {
	for _, w := range ways(t) {
		for _, p := range w.machines {
			t.Run(w.name+"/"+p.Name, func(t *testing.T) { w.walk(t, bootPersona(t, p)) })
		}
	}
}

func (w way) walk(t *testing.T, s *booted) {
	older, newer := s.release("1.0.0.0", w.files(t, "1.0.0.0")), s.release("1.0.1.0", w.files(t, "1.0.1.0"))
	s.Do("mkdir /opt/typed")
	before := s.inventory()
	types := func(want int, code string) string { return s.run(want, "cd /opt/typed && set -e; "+code) }
	wrong := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(older(w.setUp), strings.Repeat("0", 64))
	types(1, wrong)
	s.Do("! test -e /usr/local/bin/aadsshlogin-handler && ! test -e /var/lib/aadsshlogin-handler")
	is := func(version string) {
		t.Helper()
		if got := s.Do(copied + " version"); got != version {
			t.Errorf("the copy is %s, want %s", got, version)
		}
		if out := s.run(0, copied+" status"); !strings.Contains(out, "setup, version "+version) || !strings.Contains(out, "Setup: 0 ok") {
			t.Errorf("status: %s", out)
		}
	}
	types(0, older(w.setUp))
	is("1.0.0.0")
	s.Do("aaduseradd " + person)
	if !s.signIn() {
		t.Fatal("the person does not get in")
	}
	s.rest()
	end := s.guard()
	types(0, newer(w.another))
	is("1.0.1.0")
	types(0, older(w.back))
	is("1.0.0.0")
	if gaps := end(); gaps != "" {
		t.Errorf("on the way:\n%s", gaps)
	}
	if !s.signIn() {
		t.Error("the person does not get in any more")
	}
	s.rest()
	s.goneHome()
	types(0, w.remove)
	s.Do("rm -rf /opt/typed/*")
	if after := s.inventory(); after != before {
		t.Errorf("the machine is not as it was:\n%s", difference(before, after))
	}
}

// TestCloudInit runs what the user data makes cloud-init run.
func TestCloudInit(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			fill := s.release("1.0.0.0", binary(t, "1.0.0.0"))
			text := source.Read(t, "misc/cloud-init/user-data.yaml")
			_, line, found := strings.Cut(text, `- [sh, -c, "`)
			script, _, ended := strings.Cut(line, `"]`)
			if !found || !ended || !strings.HasPrefix(text, "#cloud-config\n") {
				t.Fatal("the user data is laid out in another way")
			}
			before := s.inventory()
			s.run(0, fill(script))
			s.Do("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.run(0, copied+" status")
			s.rest()
			s.goneHome()
			s.run(0, source.Block(t, "docs/install.md", "by hand: remove")+"; rm /root/aadsshlogin-handler")
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}
