//go:build rig

package doctor_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// seeds plants secrets and records them.
type seeds struct{ planted []string }

// secret is the next one: a word, a text of letters and digits, hexadecimal, base64, or one
// with special characters. The same in each run.
func (s *seeds) secret() string {
	sum := sha256.Sum256(fmt.Append(nil, len(s.planted)))
	letters := strings.Map(func(r rune) rune { return 'a' + (r-'0')%26 }, hex.EncodeToString(sum[:]))
	long := base64.StdEncoding.EncodeToString(sum[:])
	kinds := []string{
		letters[:13], strings.NewReplacer("+", "x", "/", "y").Replace(long[:18]) + "7Q", hex.EncodeToString(sum[:16]), long, "Pa." + letters[:6] + "!9,&" + letters[6:9],
	}
	s.planted = append(s.planted, kinds[len(s.planted)%len(kinds)])
	return s.planted[len(s.planted)-1]
}

// forms are the forms of a secret in a text; %s is the secret. It is announced by a name
// before it, or looks like one.
func forms() []string {
	return []string{
		"password=%s", "password: %s", `"password": "%s"`, "Password %s", "passwd = %s", "Pwd=%s;", "DB_PASSWORD='%s'", "passphrase %s", "--password %s", "--password=%s",
		"-p %s --token %s", "--token %s", "token=%s", "access_token: %s", "Authorization: Bearer %s", "Authorization: Basic %s", "bearer %s", "api_key=%s", "apikey: %s", "AccountKey=%s;EndpointSuffix=x",
		"SharedAccessKey=%s", "https://x.blob.core.windows.net/c/f?sv=1&sig=%s&se=2", `https://x/f?sv=1\u0026sig=%s\u0026se=2`, "?code=%s", "<Password>%s</Password>", "<adminPassword>%s<", "machine h login bob password %s", "login x bearer password %s",
		"http://alice:%s@10.77.0.1:3128/", "https://repo.example.com/token/%s/ubuntu", "proxy alice:%s@proxy:3128", "client_secret=%s", "secret: %s", "AWS_SECRET_ACCESS_KEY=%s", "PGPASSWORD=%s psql", "sshpass -p %s ssh h",
		"root:$6$saltsalt$%s:19000:0:99999:7:::", "psk=%s", "cookie: session=%s", "otp %s-9", "customData: %s", "connectionString='Server=h;Password=%s'", "password=\\\n%s", "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----", "MIIEvQ%s8Zx/9+Kk3m",
	}
}

// all has every form once, each in a line after a head.
func (s *seeds) all(head string) string {
	var b strings.Builder
	for _, f := range forms() {
		text := f
		for strings.Contains(text, "%s") {
			text = strings.Replace(text, "%s", s.secret(), 1)
		}
		for line := range strings.Lines(text + "\n") {
			b.WriteString(head + line)
		}
	}
	return b.String()
}

// place is a file that the bundle reads, and the beginning of its lines.
type place struct{ file, head string }

// places are all files that it reads, each with a text without a form and with the forms of
// its own lines.
func places(agentDir, logDir string) []place {
	const at = "Nov 21 10:00:00 web1 "
	return []place{
		{logDir + "/handler.log", ""}, {logDir + "/handler.log", `time="2026-11-21T10:00:00.000Z" level=info msg="it said `},
		{logDir + "/handler.log.1", `time="2026-11-21T10:00:00.000Z" level=error msg="x" output="`}, {logDir + "/CommandExecution.log", ""},
		{agentDir + "/config/HandlerState.bak", ""}, {"/var/lib/aadsshlogin-handler/transaction.log", ""}, {"/var/lib/aadsshlogin-handler/transaction.log", "E: "},
		{"/var/lib/aadsshlogin-handler/transaction.log", "Setting up x "}, {"/var/lib/aadsshlogin-handler/transaction.log", "Error: "},
		{"/var/log/waagent.log", ""}, {"/var/log/waagent.log", "2026-11-21T19:52:41.506690Z INFO ExtHandler [Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-1.0.0] "},
		{"/var/log/auth.log", ""}, {"/var/log/auth.log", at + "sudo[7]: "}, {"/var/log/auth.log", at + "aad_certhandler[7]: "}, {"/var/log/auth.log", at + "sshd[7]: "},
		{"/var/log/auth.log", at + "sshd[7]: pam_aad(sshd:account): "}, {"/var/log/auth.log", at + "sshd[7]: pam_unix(sshd:auth): "}, {"/var/log/auth.log", at + "sshd[7]: Invalid user "},
		{"/var/log/cloud-init-output.log", ""}, {"/var/log/apt/history.log", ""}, {"/var/log/apt/history.log", "Commandline: apt install aadsshlogin "}, {"/var/log/apt/term.log", ""},
		{"/var/log/dpkg.log", "2026-11-21 10:00:00 "}, {"/var/log/yum.log", ""}, {"/var/log/dnf.log", ""},
		{"/etc/ssh/sshd_config.d/90-own.conf", "# "}, {"/etc/pam.d/common-auth", "# "}, {"/etc/nsswitch.conf", "# "},
		{"/etc/apt/sources.list.d/own.list", "# "}, {"/etc/apt/sources.list", "# deb "}, {"/etc/yum.repos.d/own.repo", ""}, {"/etc/yum.repos.d/own.repo", "# "},
		{"/etc/systemd/system/walinuxagent.service.d/proxy.conf", "# "}, {"/etc/systemd/system/walinuxagent.service.d/proxy.conf", "Environment="},
		{"/etc/systemd/system/walinuxagent.service.d/proxy.conf", "X-Own="},
	}
}

// exact are lines that the readers of these files accept, with a secret where one is
// possible.
func exact() map[string][]string {
	return map[string][]string{
		"/etc/systemd/system/walinuxagent.service": {"[Service]", "ExecStart=/usr/bin/x --token %s", "Environment=APP_TOKEN=%s \"https_proxy=http://a:%s@h:1\"", "ExecStartPre=/bin/sh -c 'login %s'"},
		"/etc/pam.d/common-session":                {"session optional pam_exec.so /usr/bin/notify %s", "session optional pam_script.so dir=/opt token=%s", "session optional pam_x.so bindpw=%s"},
		"/etc/apt/sources.list.d/token.list":       {"deb https://u:%s@h.example.com/ubuntu jammy main", "deb https://h.example.com/%s/ubuntu jammy main", "deb [signed-by=/etc/x.gpg] https://%s.h.example.com/u jammy main"},
		"/etc/apt/sources.list.d/token.sources":    {"Types: deb", "URIs: https://h.example.com/%s/", "Suites: x", "Signed-By: %s"},
		"/etc/yum.repos.d/token.repo":              {"[own]", "name=own", "baseurl=https://h/%s/", "username=u", "password=%s", "sslclientkey=/etc/%s", "proxy_password=%s"},
		"/etc/ssh/sshd_config.d/50-own.conf":       {"SetEnv APP_TOKEN=%s", "ForceCommand /usr/bin/x --token %s", "Banner /etc/%s"},
		"/var/log/auth.log": {"Nov 21 10:00:01 web1 sshd[9]: Invalid user %s from 203.0.113.9 port 4711", "Nov 21 10:00:01 web1 sshd[9]: Failed password for invalid user %s from 203.0.113.9 port 4711 ssh2",
			"Nov 21 10:00:01 web1 sshd[9]: Connection closed by authenticating user %s 203.0.113.9 port 4711 [preauth]", "Nov 21 10:00:01 web1 sshd[9]: Received disconnect from 203.0.113.9 port 4711:11: %s",
			"Nov 21 10:00:01 web1 sshd[9]: error: AuthorizedKeysCommand /usr/sbin/aad_certhandler ada@contoso.com %s failed, status 1", "Nov 21 10:00:01 web1 sshd[9]: pam_unix(sshd:auth): authentication failure; rhost=h user=%s"},
		"/var/log/apt/history.log": {"Commandline: apt-get install -o Acquire::http::Proxy=http://a:%s@h aadsshlogin"},
		"/etc/environment":         {"APP_PASSWORD=%s"},
	}
}
