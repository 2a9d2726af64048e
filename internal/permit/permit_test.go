package permit

import (
	"strings"
	"testing"
)

// What explains something stays as it is.
func TestWordsThatExplain(t *testing.T) {
	for _, line := range []string{
		`E: Failed to fetch https://packages.microsoft.com/ubuntu/22.04/prod/dists/jammy/InRelease: 404 Not Found`,
		`Unpacking aadsshlogin (1.0.033070001) over (1.0.027980001) ...`,
		`time="2026-11-21T10:00:00.123Z" level=error msg="failed: enable, version 1.0.1.0, sequence number 3" took=12ms`,
		`pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned`,
		`Failed to get an access token: Identity not found`,
		`curl error: Could not resolve host: pas.windows.net`,
		`Unsafe AuthorizedKeysCommand "/usr/sbin/aad_certhandler": bad ownership or modes for file /usr/sbin/aad_certhandler`,
		`/dev/sda1        29G   12G   17G  42% /`,
		`LISTEN 0 128 0.0.0.0:22 0.0.0.0:*`,
		`default via 10.0.0.1 dev eth0 proto dhcp metric 100`,
		`The following packages have unmet dependencies: libc6 (>= 2.34)`,
		`Setting up libpam-runtime (1.4.0-11ubuntu2.4) ...`,
	} {
		if got := Words(line); got != line {
			t.Errorf("%s\n became %s", line, got)
		}
	}
}

// What may be a secret does not stay.
func TestWordsThatMayBeSecrets(t *testing.T) {
	for line, want := range map[string]string{
		"password=hunter2": "password=***", "password correcthorse": "password ***", "the password is correcthorse": "the password is ***",
		"token abcdef refused": "token *** refused", "Bearer abcdef": "Bearer ***", "--token abcdef --name x": "--token ***",
		"-p abcdef": "-p ***", "x https://u:p@h.example.com/t/abc?d#e": "x https://h.example.com/...", "AccountKey=abcdef;x=y": "AccountKey=***;=***",
		"k9Jq2LmZx8w is": "*** is", "/etc/ssh/x /SECRETSECRETSECRETSECRETX1": "/etc/ssh/x ***", "gjcfjzchdygbg": "***",
		"a\x1b[2J b": "***[*** b", "https://abcdefghijklmnopqrstuvwxyzabc.h/": "https://***",
	} {
		if got := Words(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// From each kind of file the lines that decide are kept, and nothing in comments, in
// unknown keys, or where any text is allowed.
func TestFilters(t *testing.T) {
	const secret = "correcthorse"
	for name, c := range map[string]struct {
		permits  Filter
		in, want string
		left     int
	}{
		"os-release":  {OSRelease, "ID=ubuntu\nVERSION_ID=\"22.04\"\nOWN_KEY=" + secret + "\n# " + secret + "\n", "ID=ubuntu\nVERSION_ID=\"22.04\"\n", 2},
		"nsswitch":    {NSS, "passwd: files aad # " + secret + "\nnetgroup: nis [NOTFOUND=return]\nsecret: " + secret + "\n", "passwd: files aad\nnetgroup: nis [NOTFOUND=return]\n", 1},
		"sshd":        {SSHD, "# " + secret + "\nPort 22 # " + secret + "\nAuthorizedKeysCommand /usr/sbin/aad_certhandler %u %k " + secret + "\nSetEnv X=" + secret + "\nMatch User *@*,????\n  AllowUsers ada@contoso.com\n", "Port 22\nAuthorizedKeysCommand /usr/sbin/aad_certhandler %u %k ***\nMatch User *@*,????\n    AllowUsers ada@contoso.com\n", 2},
		"sshd, words": {SSHD, "Match exec \"/usr/bin/x " + secret + "\" user ada\nAllowUsers AbCdEfGhIjKlMnOpQrStUvWxYz0123\nCiphers aes128-ctr,aes256-gcm@openssh.com\n", "Match exec *** *** *** ***\nAllowUsers ***\nCiphers aes128-ctr,aes256-gcm@openssh.com\n", 0},
		"sshd, lists": {SSHD, "MACs " + secret + "\nCiphers " + secret + ",aes128-ctr\nKexAlgorithms 0123456789abcdef0123456789abcdef\nMACs ^hmac-sha2-256-etm@openssh.com,umac-128*\n", "MACs ***\nCiphers ***\nKexAlgorithms ***\nMACs ^hmac-sha2-256-etm@openssh.com,umac-128*\n", 0},
		"pam":         {PAM, "account [success=1 default=ignore] pam_unix.so nullok # " + secret + "\nauth required pam_exec.so /usr/bin/x " + secret + "\nauth required pam_x.so key=" + secret + " deny=3\n@include common-auth\n", "account [success=1 default=ignore] pam_unix.so nullok\nauth required pam_exec.so /usr/bin/x ***\nauth required pam_x.so *** deny=3\n@include common-auth\n", 0},
		"list":        {AptList, "deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg x=" + secret + "] https://u:" + secret + "@h/" + secret + " jammy main # " + secret + "\n", "deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg ***] https://h/... jammy main\n", 0},
		"repository":  {Repository, "[x]\nbaseurl=https://h/" + secret + "\nusername=" + secret + "\npassword=" + secret + "\ngpgcheck=1\n", "[x]\nbaseurl=https://h/...\ngpgcheck=1\n", 2},
		"unit":        {Unit, "[Service]\nExecStart=/usr/bin/x --key " + secret + "\nEnvironment=A=" + secret + " https_proxy=http://u:" + secret + "@h:1\nX=" + secret + "\nRestart=always\n", "[Service]\nExecStart=/usr/bin/x ***\nEnvironment=A=*** https_proxy=http://h:1\nRestart=always\n", 1},
		"transaction": {Transaction, "Setting up x (1.0) ...\n" + secret + "\nE: password " + secret + "\nE: password=\\\nE: " + secret + "\n", "Setting up x (1.0) ...\nE: password ***\nE: password=\\\n", 2},
		"handler":     {Handler, `time="2026-11-21T10:00:00Z" level=info msg="x"` + "\n" + secret + "\n", `time="2026-11-21T10:00:00Z" level=info msg="x"` + "\n", 1},
		"packages":    {Packages, "Commandline: apt install aadsshlogin " + secret + "\nInstall: aadsshlogin:amd64 (1.0.2), " + secret + ":amd64 (1)\n2026-11-21 10:00:00 install aadsshlogin:amd64 <none> 1.0.2\n", "Install: aadsshlogin:amd64 (1.0.2)\n2026-11-21 10:00:00 install aadsshlogin:amd64 <none> 1.0.2\n", 1},
		"agent":       {Agent, "2026-11-21T19:52:41.5Z INFO ExtHandler [Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-1.0.0] Executing command: /x with environment variables: {\"A\": \"" + secret + "\"}\n2026-11-21T19:52:41.5Z INFO ExtHandler [Other-1.0] " + secret + "\n", "2026-11-21T19:52:41.5Z INFO ExtHandler [Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-1.0.0] Executing command: ***\n", 1},
		"mounts":      {Mounts, "TARGET FSTYPE OPTIONS\n/mnt/x cifs rw,username=u,password=" + secret + "\n", "TARGET FSTYPE OPTIONS\n/mnt/x cifs rw\n", 0},
		"firewall":    {Firewall, "-A INPUT -p tcp -m comment --comment \"" + secret + "\" -j DROP\n" + secret + "\n", "-A INPUT --protocol tcp -m comment --comment *** -j DROP\n", 1},
		"json":        {JSON("a", "b"), `{"a":{"b":"password ` + secret + `","c":"` + secret + `"},"d":1}`, "{\n  \"a\": {\n    \"b\": \"password ***\"\n  }\n}\n", 2},
		"no json":     {JSON("a"), secret, "", 1},
		"key block":   {Table, "-----BEGIN RSA PRIVATE KEY-----\n" + secret + "\n-----END RSA PRIVATE KEY-----\nafter\n", "after\n", 3},
	} {
		got := c.permits(c.in)
		if got.Kept != c.want || got.Left != c.left || strings.Contains(got.Kept, secret) {
			t.Errorf("%s: %d left out,\n%s\nwant %d,\n%s", name, got.Left, got.Kept, c.left, c.want)
		}
	}
}

// Repositories' and hosts' names that people chose stay.
func TestNamesThatPeopleChose(t *testing.T) {
	for _, name := range []string{"packages-microsoft-com-prod", "rhel-9-for-x86_64-baseos-rpms", "azurelinux-official-ms-non-oss", "ubuntu.sources", "50-cloud-init.conf", "mariner-official-base.repo", "aadsshlogin.list", "0.settings"} {
		if byChance(name) || Name(name) != name {
			t.Errorf("%s is masked", name)
		}
	}
	for _, host := range []string{"https://packages.microsoft.com/", "https://mirror.example.com/", "http://azure.archive.ubuntu.com/", "https://rhui4-1.microsoft.com/", "http://10.77.0.1:3128/"} {
		if got := URL(host); got != host {
			t.Errorf("%s became %s", host, got)
		}
	}
	for _, host := range []string{"https://7gkZjkYiSHXPOZKFEe7Q.h.example.com/", "https://cgixbbfchyibj.h.example.com/"} {
		if got := URL(host); got != "https://***" {
			t.Errorf("%s became %s", host, got)
		}
	}
}

func TestQuoted(t *testing.T) {
	if got, want := Quoted(`it says "unsupported option \"k9Jq2LmZx8w\"" in "AllowGroups"`), `it says "unsupported option \***\***" in "AllowGroups"`; got != want && strings.Contains(got, "k9Jq2LmZx8w") {
		t.Error(got)
	}
}

// Of addresses in texts of ours the host is enough, but for those that people need whole.
func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		`plan: deb https://mirror.example.com/t0k3n/ms jammy`:                                          `plan: deb https://mirror.example.com/... jammy`,
		`"next": "curl -sI https://packages.microsoft.com/keys/microsoft.asc"`:                         `"next": "curl -sI https://packages.microsoft.com/keys/microsoft.asc"`,
		`az rest --url "https://graph.microsoft.com/v1.0/auditLogs/signIns?\$filter=x"`:                `az rest --url "https://graph.microsoft.com/v1.0/auditLogs/signIns?\$filter=x"`,
		`https://x.blob.core.windows.net/c?sig=abc by http://u:p@proxy:3128.`:                          `https://x.blob.core.windows.net/... by http://proxy:3128.`,
		`https://evil.example/?x=https://packages.microsoft.com/ and https://microsoft.com.evil/t0k3n`: `https://evil.example/ and https://microsoft.com.evil/...`,
	} {
		if got := Addresses(in); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func FuzzFilters(f *testing.F) {
	f.Add("[x]\nbaseurl=https://u:p@h/x\nPort 22\n{\"a\":1}\nauth required pam_x.so")
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range []Filter{OSRelease, NSS, SSHD, PAM, AptList, Repository, Unit, Transaction, Handler, Packages, Agent, Table, Mounts, Firewall, JSON("a", "*")} {
			if got := p(text); strings.Contains(got.Kept, "\x1b") {
				t.Errorf("%q", got.Kept)
			}
		}
	})
}
