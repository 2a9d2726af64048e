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
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestBundleHasNoSecrets: the bundle contains what helps, and none of the secrets on the
// machine.
func TestBundleHasNoSecrets(t *testing.T) {
	const password, token = "hunter2-Correct", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJwbGFudGVkIn0.c2lnbmF0dXJl"
	secrets := []string{password, token, "c2lnbmF0dXJl", "PLANTEDPRIVATEKEY", "planted-sas", "planted-secret", "planted-apt", metadata.Secret}
	s := healthy(t, jammy(), "https_proxy=http://alice:"+password+"@10.77.0.1:3128", "no_proxy=*")
	s.plant("/var/log/auth.log", "Nov 21 10:00:00 web1 sshd[1]: pam_aad(sshd:account): token "+token+" refused\n")
	s.plant("/var/log/waagent.log", "proxy http://alice:"+password+"@10.77.0.1:3128\nhttps://x.blob.core.windows.net/c/f?sv=1&sig=planted-sas&se=2\nAuthorization: Bearer "+token+"\n{\"access_token\":\""+token+"\"}\n")
	s.plant("/var/log/cloud-init-output.log", "export DB_PASSWORD=planted-secret\n-----BEGIN OPENSSH PRIVATE KEY-----\nPLANTEDPRIVATEKEY\n-----END OPENSSH PRIVATE KEY-----\n")
	s.plant("/etc/apt/sources.list.d/own.list", "# deb https://bob:planted-apt@apt.example.com/x stable main\n")
	s.plant(stage.Home+"/config/0.settings", "\n")
	s.plant("/etc/systemd/system/walinuxagent.service.d/proxy.conf", "[Service]\nEnvironment=\"https_proxy=http://alice:"+password+"@10.77.0.1:3128\"\n")
	files, _ := s.bundle()
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
		t.Error("a line that explains a failure was removed too")
	}
	validate(t, "doctor.schema.json", []byte(files["aadsshlogin-support/doctor.json"]))
	if mode := s.Do("stat -c %a /root/bundle.tar.gz"); mode != "600" {
		t.Errorf("mode %s", mode)
	}
	again := s.runs("support-bundle", "--output", "/root/bundle.tar.gz")
	if again.ExitCode != 30 {
		t.Errorf("over an existing file: exit %d, %s", again.ExitCode, again.Output())
	}
}

// TestBundleByPermission: with secrets of all forms in all places that the bundle reads,
// and on the way to them, none is in the archive, and everything that support needs is.
func TestBundleByPermission(t *testing.T) {
	s := healthy(t, jammy())
	var planted seeds
	const logDir = "/var/log/azure/Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux"
	for _, p := range places(stage.Home, logDir) {
		s.plant(p.file, planted.all(p.head))
	}
	for _, file := range slices.Sorted(maps.Keys(exact())) { // the same secrets each time
		for _, line := range exact()[file] {
			for strings.Contains(line, "%s") {
				line = strings.Replace(line, "%s", planted.secret(), 1)
			}
			s.plant(file, line+"\n")
		}
	}
	// A key whose first line is before the part that is read; and links.
	s.plant("/var/log/waagent.log", "-----BEGIN RSA PRIVATE KEY-----\n"+strings.Repeat(planted.secret()+"\n", 1<<17))
	shadow := planted.secret()
	s.WriteMode("/etc/shadow-", "root:"+shadow+":1:0:99999:7:::\n", 0o600)
	s.WriteMode("/root/own/secret.conf", "# "+shadow+"\n", 0o600)
	s.Do("ln -s /etc/shadow- /var/log/yum.log.1; ln -sf /etc/shadow- /var/log/dnf.rpm.log; ln -s /root/own/secret.conf /etc/ssh/sshd_config.d/10-link.conf; ln /etc/shadow- /var/log/tdnf.log")
	status := s.Do("cat " + stage.Home + "/status/0.status")
	s.WriteMode(stage.Home+"/status/99.status", strings.Replace(status, `"version"`, `"token":"`+planted.secret()+`","version"`, 1), 0o600)
	s.WriteMode(stage.Home+"/config/99.settings", `{"runtimeSettings":[{"handlerSettings":{"publicSettings":{"monitor":"off","myPassword":"`+planted.secret()+`"},"protectedSettings":"`+planted.secret()+`"}}]}`, 0o600)
	at := "Nov 21 10:00:02 web1 "
	if now := s.Do("LC_ALL=C date '+%b %e %H:%M:%S'"); now != "" {
		at = now + " web1 "
	}
	s.plant("/var/log/auth.log", at+"sshd[11]: fatal: Access denied for user ada@contoso.com by PAM account configuration [preauth]\n"+
		at+"sshd[12]: User bob@contoso.com from 10.0.0.4 not allowed because none of user's groups are listed in AllowGroups\n"+
		at+"aad_certhandler[13]: Failed to get an access token: Identity not found\n"+at+"sshd[14]: pam_aad(sshd:account): AadAuthorize, Version: 1.0.033070001; CorrelationId: 0e2f1a3c-1111-2222-3333-444455556666\n")
	s.plant("/var/log/waagent.log", "2026-11-21T19:52:41.506690Z INFO ExtHandler [Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-1.0.0] Requested extension state: enabled\n")
	s.plant("/etc/pam.d/common-session", "session required pam_faillock.so preauth deny=3 unlock_time=600\n")

	if len(planted.planted) < 100 || len(forms()) < 40 {
		t.Fatalf("%d secrets of %d forms", len(planted.planted), len(forms()))
	}
	files, size := s.bundle()
	for name, text := range files {
		for line := range strings.Lines(name + "\n" + text) {
			for _, secret := range append(planted.planted, shadow, metadata.Secret) {
				if strings.Contains(line, secret) {
					t.Errorf("%s holds %q: %s", name, secret, line)
				}
			}
		}
	}
	for name, wants := range useful(stage.Home, logDir) {
		for _, want := range wants {
			if !strings.Contains(files["aadsshlogin-support/"+name], want) {
				t.Errorf("%s lacks %q:\n%.3000s", name, want, files["aadsshlogin-support/"+name])
			}
		}
	}
	if len(files) > 300 || size > 4<<20 {
		t.Errorf("%d files, %d bytes", len(files), size)
	}
}

// useful is what support needs.
func useful(agentDir, logDir string) map[string][]string {
	return map[string][]string{
		"README.txt":                                    {"look through it", "it is a link", "not permitted"},
		"doctor.txt":                                    {"sshd", "packages"},
		"doctor.json":                                   {`"verdict"`},
		"plan.txt":                                      {"enable would change nothing"},
		"plan.json":                                     {"steps"},
		"status.txt":                                    {"AADSSHLoginForLinux"},
		"status.json":                                   {`"code"`},
		"commands/disks.txt":                            {"Filesystem", "/"},
		"commands/mounts.txt":                           {"TARGET", "rw"},
		"commands/routes.txt":                           {"10.77.0.9 dev lo"},
		"commands/listening.txt":                        {"LISTEN", ":22"},
		"commands/sshd-version.txt":                     {"OpenSSH_"},
		"commands/sshd-effective.txt":                   {"authorizedkeyscommand /usr/sbin/aad_certhandler", "usepam yes", "pubkeyauthentication yes", "port 22", "authenticationmethods publickey"},
		"files/usr/lib/os-release":                      {"ID=ubuntu", `VERSION_ID="22.04"`},
		"files/etc/nsswitch.conf":                       {"passwd:", "aad"},
		"files/etc/ssh/sshd_config":                     {"Match User", "AuthorizedKeysCommand /usr/sbin/aad_certhandler %u %k", "AuthorizedKeysCommandUser root"},
		"files/etc/ssh/sshd_config.d/50-own.conf":       {"ForceCommand /usr/bin/x ***"},
		"files/etc/pam.d/common-account":                {"pam_aad.so"},
		"files/etc/pam.d/common-session":                {"pam_exec.so /usr/bin/notify ***", "pam_faillock.so preauth deny=3 unlock_time=600"},
		"files/etc/apt/sources.list.d/aadsshlogin.list": {"signed-by=/", "https://packages.microsoft.com/ubuntu/22.04/prod", "jammy main"},
		"files/etc/apt/sources.list.d/token.list":       {"deb https://h.example.com/... jammy main"},
		"files/etc/apt/sources.list.d/token.sources":    {"Types=deb", "URIs=https://h.example.com/..."},
		"files/etc/yum.repos.d/token.repo":              {"[own]", "baseurl=https://h/..."},
		"files/etc/systemd/system/walinuxagent.service.d/proxy.conf": {"Environment="},
		"files/etc/systemd/system/walinuxagent.service":              {"ExecStart=/usr/bin/x ***", "APP_TOKEN=***", "https_proxy=http://h:1"},
		"files/var/lib/aadsshlogin-handler/receipt.json":             {"aadsshlogin", "/etc/apt/sources.list.d/aadsshlogin.list"},
		"files/var/lib/aadsshlogin-handler/transaction.log":          {"Setting up aadsshlogin", "Unpacking aadsshlogin"},
		"files" + agentDir + "/HandlerEnvironment.json":              {"logFolder", agentDir + "/status"},
		"files" + agentDir + "/status/0.status":                      {`"status": "success"`, `"code": 0`},
		"files" + agentDir + "/config/HandlerState":                  {"Enabled"},
		"files" + agentDir + "/config/99.settings":                   {`"monitor": "off"`},
		"files" + logDir + "/handler.log":                            {"finished: enable", "level=info", "took="},
		"files/var/log/waagent.log":                                  {"Requested extension state: enabled"},
		"files/var/log/auth.log": {"Access denied for user ada@contoso.com by PAM account configuration", "bob@contoso.com from 10.0.0.4 not allowed because none of user's groups are listed in AllowGroups",
			"Failed to get an access token: Identity not found", "AadAuthorize, Version: 1.0.033070001; CorrelationId: 0e2f1a3c-1111-2222-3333-444455556666", "Invalid user ***"},
	}
}

// plant appends to a file.
func (s *machine) plant(file, text string) {
	s.T.Helper()
	s.Must(s.MkdirAll(path.Dir(file), 0o755))
	s.Must(s.AppendFile(file, []byte(text)))
}

// bundle makes a support bundle, and returns its files and its size.
func (s *machine) bundle() (files map[string]string, size int) {
	s.T.Helper()
	if r := s.runs("support-bundle", "--output", "/root/bundle.tar.gz"); r.ExitCode != 0 {
		s.T.Fatalf("exit %d: %s", r.ExitCode, r.Output())
	}
	content, err := s.ReadFile("/root/bundle.tar.gz")
	s.Must(err)
	return unpack(s.T, content), len(content)
}

func unpack(t testing.TB, content []byte) map[string]string {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(content))
	stage.Must(t, err)
	files := map[string]string{}
	for reader := tar.NewReader(zipped); ; {
		h, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		stage.Must(t, err)
		text, err := io.ReadAll(reader)
		stage.Must(t, err)
		files[h.Name] = string(text)
	}
}

// TestStatus: status repeats the verdict with its code, and says since when it is so.
func TestStatus(t *testing.T) {
	s := fresh(t, jammy())
	status := func(want int) doctor.Status {
		t.Helper()
		r := s.runs("status", "--json")
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
	s.Want(fault.IdentityMissing)
	failed := status(22)
	if failed.Name != "identity-missing" || failed.Extension != scene.HandlerVersion || !slices.ContainsFunc(failed.Parts, func(p doctor.Part) bool { return p.Name == "identity" && p.Level == "error" }) {
		t.Errorf("%+v", failed)
	}
	s.Do("sleep 1.1")
	s.Want(fault.IdentityMissing)
	if again := status(22); failed.Since == nil || again.Since == nil || !again.Since.Equal(*failed.Since) || !again.Said.After(*failed.Said) {
		t.Errorf("said again: since %v, then %v; said %v, then %v", failed.Since, again.Since, failed.Said, again.Said)
	}
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg", "vm")))
	s.Want(fault.OK)
	if well := status(0); well.Name != "ok" || !well.Since.After(*failed.Since) {
		t.Errorf("after the repair: %+v", well)
	}
}
