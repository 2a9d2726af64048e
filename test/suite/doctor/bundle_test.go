//go:build rig

package doctor_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"aadsshlogin-handler/internal/doctor"
	"aadsshlogin-handler/test/lib/box"
	"aadsshlogin-handler/test/lib/metadata"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
)

// The bundle holds what helps, and none of the secrets that lie on the machine.
func TestBundleHasNoSecrets(t *testing.T) {
	const password, token = "hunter2-Correct", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJwbGFudGVkIn0.c2lnbmF0dXJl"
	secrets := []string{password, token, "c2lnbmF0dXJl", "PLANTEDPRIVATEKEY", "planted-sas", "planted-secret", "planted-apt", metadata.Secret}
	s, _ := healthy(t, scene.Options{Persona: roots.Ubuntu("22.04")}, "https_proxy=http://alice:"+password+"@10.77.0.1:3128", "no_proxy=*")
	plant := func(file, text string) {
		must(t, s.MkdirAll(path.Dir(file), 0o755))
		must(t, s.AppendFile(file, []byte(text)))
	}
	plant("/var/log/auth.log", "Nov 21 10:00:00 web1 sshd[1]: pam_aad(sshd:account): token "+token+" refused\n")
	plant("/var/log/waagent.log", "proxy http://alice:"+password+"@10.77.0.1:3128\nhttps://x.blob.core.windows.net/c/f?sv=1&sig=planted-sas&se=2\nAuthorization: Bearer "+token+"\n{\"access_token\":\""+token+"\"}\n")
	plant("/var/log/cloud-init-output.log", "export DB_PASSWORD=planted-secret\n-----BEGIN OPENSSH PRIVATE KEY-----\nPLANTEDPRIVATEKEY\n-----END OPENSSH PRIVATE KEY-----\n")
	plant("/etc/apt/sources.list.d/own.list", "# deb https://bob:planted-apt@apt.example.com/x stable main\n")
	plant(agentDirOf(s)+"/config/0.settings", "\n")
	plant("/etc/systemd/system/walinuxagent.service.d/proxy.conf", "[Service]\nEnvironment=\"https_proxy=http://alice:"+password+"@10.77.0.1:3128\"\n")
	r, err := s.Run(t.Context(), box.Environment(), program, "support-bundle", "--output", "/root/bundle.tar.gz")
	must(t, err)
	if r.ExitCode != 0 {
		t.Fatalf("exit %d: %s", r.ExitCode, r.Output())
	}
	content, err := s.ReadFile("/root/bundle.tar.gz")
	must(t, err)
	files := unpack(t, content)
	for name, text := range files {
		for _, secret := range append(secrets, base64.StdEncoding.EncodeToString([]byte(password))) {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}
	for _, name := range []string{"doctor.txt", "doctor.json", "plan.txt", "plan.json", "status.txt", "status.json", "commands/sshd-effective.txt",
		"files/var/log/auth.log", "files/var/log/waagent.log", "files/etc/ssh/sshd_config", "files/etc/apt/sources.list.d/own.list", "files/var/lib/aadsshlogin-handler/receipt.json"} {
		if files["aadsshlogin-support/"+name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if !strings.Contains(files["aadsshlogin-support/files/var/log/auth.log"], "refused") {
		t.Error("what explains something was taken out too")
	}
	validate(t, "doctor.schema.json", []byte(files["aadsshlogin-support/doctor.json"]))
	if mode := sh(t, s.Box, "stat -c %a /root/bundle.tar.gz"); strings.TrimSpace(mode) != "600" {
		t.Errorf("mode %s", mode)
	}
	again, err := s.Run(t.Context(), box.Environment(), program, "support-bundle", "--output", "/root/bundle.tar.gz")
	must(t, err)
	if again.ExitCode != 30 {
		t.Errorf("over an existing file: exit %d, %s", again.ExitCode, again.Output())
	}
}

func agentDirOf(s *scene.Scene) string {
	return "/var/lib/waagent/Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-" + scene.HandlerVersion
}

func unpack(t *testing.T, content []byte) map[string]string {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(content))
	must(t, err)
	files := map[string]string{}
	for reader := tar.NewReader(zipped); ; {
		h, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		must(t, err)
		text, err := io.ReadAll(reader)
		must(t, err)
		files[h.Name] = string(text)
	}
}

// status repeats the verdict with its code, and since when it stands.
func TestStatus(t *testing.T) {
	s, _ := stage(t, scene.Options{Persona: roots.Ubuntu("22.04")})
	status := func(want int) doctor.Status {
		t.Helper()
		r, err := s.Run(t.Context(), box.Environment(), program, "status", "--json")
		must(t, err)
		var st doctor.Status
		if err := json.Unmarshal(r.Stdout, &st); err != nil || r.ExitCode != want {
			t.Fatalf("exit %d, %v: %s", r.ExitCode, err, r.Output())
		}
		validate(t, "status.schema.json", r.Stdout)
		return st
	}
	if st := status(0); st.Extension != "" || st.Sequence != -1 {
		t.Errorf("before the extension: %+v", st)
	}
	s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	apply(t, s, 22)
	failed := status(22)
	if failed.Name != "identity-missing" || failed.Extension != scene.HandlerVersion || !slices.ContainsFunc(failed.Parts, func(p doctor.Part) bool { return p.Name == "identity" && p.Level == "error" }) {
		t.Errorf("%+v", failed)
	}
	sh(t, s.Box, "sleep 1.1")
	apply(t, s, 22)
	if again := status(22); failed.Since == nil || again.Since == nil || !again.Since.Equal(*failed.Since) || !again.Said.After(*failed.Said) {
		t.Errorf("said again: since %v, then %v; said %v, then %v", failed.Since, again.Since, failed.Said, again.Said)
	}
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg", "vm")))
	apply(t, s, 0)
	if well := status(0); well.Name != "ok" || !well.Since.After(*failed.Since) {
		t.Errorf("mended: %+v", well)
	}
}
