//go:build rig

package watch_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"aadsshlogin-handler/test/lib/scene"
)

// applications is where the agent's application manager keeps what it was given,
// a folder for each version of each application.
const applications = "/var/lib/waagent/Microsoft.CPlat.Core.VMApplicationManagerLinux/aadsshlogin-handler/"

// vmApplication is the package of a version, as make release makes it.
func vmApplication(t *testing.T, version string) []byte {
	t.Helper()
	binary, err := scene.BuildAs(version)
	fatal(t, err)
	top, err := scene.Top(t.Context())
	fatal(t, err)
	launcher, err := os.ReadFile(filepath.Join(top, "misc/launcher"))
	fatal(t, err)
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, content := range map[string][]byte{"aadsshlogin-handler": launcher, "aadsshlogin-handler-" + runtime.GOARCH: binary} {
		fatal(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err := w.Write(content)
		fatal(t, err)
	}
	fatal(t, w.Close())
	fatal(t, z.Close())
	return out.Bytes()
}

// manage runs one of the application's commands as the application manager does:
// bash, the version's folder, the package under the application's name.
func (s *stage) manage(version, command string) string {
	s.t.Helper()
	top, err := scene.Top(s.t.Context())
	fatal(s.t, err)
	text, err := os.ReadFile(filepath.Join(top, "misc/vm-application", command))
	fatal(s.t, err)
	if len(text) > 4096 {
		s.t.Fatalf("the command %s has %d characters, and 4,096 are allowed", command, len(text))
	}
	dir := applications + version
	if command != "remove" {
		fatal(s.t, s.WriteFile(dir+"/aadsshlogin-handler", vmApplication(s.t, version+".0"), 0o644))
	}
	fatal(s.t, s.WriteFile("/root/command", text, 0o644))
	return s.run(0, "cd "+dir+" && env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -c \"$(cat /root/command)\"")
}

// TestVMApplication: installed, updated and put back without a moment without the
// packages, with the old version's folder beside it, and removed.
func TestVMApplication(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			s.must("mkdir -p " + applications)
			fatal(t, s.WriteFile("/root/command", []byte(""), 0o644))
			before := s.inventory()
			fatal(t, s.WriteFile(applications+"1.0.0/aadsshlogin-handler-config", []byte(`{"monitor": 30}`), 0o644))
			if out := s.manage("1.0.0", "install"); !strings.Contains(out, "People can sign in") {
				t.Errorf("install says: %s", out)
			}
			s.must("aaduseradd " + person)
			if !s.signIn() || !strings.Contains(monitor(s.setUp(0)), "every 30 minutes") {
				t.Error("the person does not get in, or the configuration file was not read")
			}
			s.rest()
			end := s.guard()
			for _, version := range []string{"1.0.1", "1.0.0"} {
				s.manage(version, "update")
				if got := s.must("/usr/local/bin/aadsshlogin-handler version"); got != version+".0" {
					t.Errorf("after the update to %s the copy is %s", version, got)
				}
				s.run(0, "/usr/local/bin/aadsshlogin-handler status")
			}
			if gaps := end(); gaps != "" {
				t.Errorf("on the way:\n%s", gaps)
			}
			s.rest()
			s.must("for n in $(seq 100); do pgrep -U " + person + " >/dev/null || break; sleep 0.2; done")
			s.manage("1.0.0", "remove")
			s.must("rm -r " + applications + "*")
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}

// block is the shell text of a document behind a marker.
func block(t *testing.T, document, marker string) string {
	t.Helper()
	top, err := scene.Top(t.Context())
	fatal(t, err)
	text, err := os.ReadFile(filepath.Join(top, document))
	fatal(t, err)
	_, rest, found := strings.Cut(string(text), "<!-- "+marker+" -->\n```sh\n")
	code, _, ended := strings.Cut(rest, "\n```")
	if !found || !ended {
		t.Fatalf("%s has no block %q", document, marker)
	}
	return code
}

// release serves the program at a URL, and gives the URL and the checksum.
func (s *stage) release(version string) (url, sum string) {
	s.t.Helper()
	binary, err := scene.BuildAs(version)
	fatal(s.t, err)
	s.packages.File("/release/aadsshlogin-handler-"+runtime.GOARCH, binary)
	fatal(s.t, s.WriteFile("/root/sum", binary, 0o600))
	sum, _, _ = strings.Cut(s.must("sha256sum /root/sum; rm /root/sum"), " ")
	return "https://packages.microsoft.com/release", sum
}

// TestByURL has the recipes of docs/install.md run as they stand there, from
// nothing to a signed-in person: at most two lines beside URL and checksum.
func TestByURL(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			url, sum := s.release("1.0.0.0")
			code := block(t, "docs/install.md", "by hand")
			if n := strings.Count(strings.TrimSpace(code), "\n") + 1; n > 2 {
				t.Errorf("the recipe has %d lines", n)
			}
			bad := strings.NewReplacer("URL", url, "SHA256", strings.Repeat("0", 64)).Replace(code)
			s.run(1, "cd /root && set -e; "+bad)
			s.run(0, "cd /root && set -e; "+strings.NewReplacer("URL", url, "SHA256", sum).Replace(code))
			s.must("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.run(0, "/usr/local/bin/aadsshlogin-handler status")
		})
	}
}

// TestCloudInit runs what the user data has cloud-init run.
func TestCloudInit(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			url, sum := s.release("1.0.0.0")
			top, err := scene.Top(t.Context())
			fatal(t, err)
			text, err := os.ReadFile(filepath.Join(top, "misc/cloud-init/user-data.yaml"))
			fatal(t, err)
			_, line, found := strings.Cut(string(text), `- [sh, -c, "`)
			script, _, ended := strings.Cut(line, `"]`)
			if !found || !ended || !strings.HasPrefix(string(text), "#cloud-config\n") {
				t.Fatal("the user data is laid out in another way")
			}
			s.run(0, strings.NewReplacer("URL", url, "SHA256", sum).Replace(script))
			s.must("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
		})
	}
}

// TestPackageRecipes has the recipes for the packages run as they stand in
// docs/install.md.
func TestPackageRecipes(t *testing.T) {
	for i, c := range []struct{ block, kind, file string }{
		{"deb", "deb", "aadsshlogin-handler_1.0.0.0-1_amd64.deb"},
		{"rpm (dnf)", "rpm", "aadsshlogin-handler-1.0.0.0-1.x86_64.rpm"},
		{"rpm (zypper)", "rpm", "aadsshlogin-handler-1.0.0.0-1.x86_64.rpm"},
	} {
		t.Run(c.block, func(t *testing.T) {
			s := bootPersona(t, families()[i])
			content := pack(t, "1.0.0.0", c.kind)
			s.packages.File("/release/"+c.file, content)
			fatal(t, s.WriteFile("/root/sum", content, 0o600))
			sum, _, _ := strings.Cut(s.must("sha256sum /root/sum; rm /root/sum"), " ")
			s.run(0, "cd /root && set -e; "+strings.NewReplacer("URL", "https://packages.microsoft.com/release", "SHA256", sum).Replace(block(t, "docs/install.md", c.block)))
			s.must("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.run(0, "aadsshlogin-handler status")
		})
	}
}

// TestRunCommand runs the script of the recipe for run-command as the agent's
// run-command does: from a file, by sh.
func TestRunCommand(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			url, sum := s.release("1.0.0.0")
			_, script, found := strings.Cut(block(t, "docs/install.md", "run-command"), "--scripts \\\n  \"")
			script, ended := strings.CutSuffix(script, `"`)
			if !found || !ended {
				t.Fatal("the recipe is laid out in another way")
			}
			fatal(t, s.WriteFile("/root/script.sh", []byte(strings.NewReplacer("URL", url, "SHA256", sum).Replace(script)), 0o700))
			s.run(0, "sh /root/script.sh")
			s.must("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			s.run(0, "/usr/local/bin/aadsshlogin-handler status")
		})
	}
}
