package trail

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

func noon() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

const at = "2026-11-21T11:00:00+00:00 web1 "

func no(string) bool { return false }

func events(text string) []Event {
	return Log{Source: "a file", Lines: recent(fromFile(text, noon()), noon(), Day)}.Events(no, no)
}

func names(all []Event) string {
	var s []string
	for _, e := range all {
		s = append(s, e.Cause.Name)
	}
	return strings.Join(s, " ")
}

func TestEventsExplainLines(t *testing.T) {
	for line, want := range map[string]string{
		at + `sshd[9]: pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned`:                                          "role",
		at + `aad_certhandler[9]: Found a user with the same name but different oid: ada@contoso.com`:                                              "other-account",
		at + `sshd[9]: error: Unsafe AuthorizedKeysCommand "/usr/sbin/aad_certhandler": bad ownership or modes for file /usr/sbin/aad_certhandler`: "unsafe-program",
		at + `sshd[9]: error: Could not stat AuthorizedKeysCommand "/usr/sbin/aad_certhandler": No such file or directory`:                         "no-program",
		at + `sshd[9]: User ada@contoso.com from 10.0.0.4 not allowed because none of user's groups are listed in AllowGroups`:                     "groups",
		at + `sshd[9]: User ada@contoso.com from 10.0.0.4 not allowed because shell /bin/zsh does not exist`:                                       "shell",
		at + `sshd[9]: userauth_pubkey: key type ssh-rsa-cert-v01@openssh.com not in PubkeyAcceptedAlgorithms for ada@contoso.com`:                 "algorithm",
		at + `sshd[9]: userauth_pubkey: key type ssh-rsa-cert-v01@openssh.com not in PubkeyAcceptedAlgorithms [preauth]`:                           "algorithm",
		at + `sshd[9]: refusing RSA-CERT key: Invalid key length [preauth]`:                                                                        "key-length",
		at + `sshd[9]: error: Certificate invalid: expired`:                                                                                        "certificate-time",
		at + `sshd[9]: error: Certificate invalid: name is not a listed principal`:                                                                 "certificate-name",
		at + `sshd[9]: error: Authentication key RSA-CERT SHA256:abc revoked by file /etc/ssh/revoked`:                                             "revoked",
		at + `sshd[9]: error: maximum authentication attempts exceeded for ada@contoso.com from 10.0.0.4 port 5 ssh2 [preauth]`:                    "too-many-tries",
		at + `sshd[9]: PAM unable to dlopen(pam_duo.so): /lib/security/pam_duo.so: cannot open shared object file: No such file or directory`:      "no-module",
		at + `sshd[9]: fatal: Access denied for user ada@contoso.com by PAM account configuration [preauth]`:                                       "pam-refused",
		at + `sshd[9]: error: PAM: pam_open_session(): Permission denied`:                                                                          "pam-session",
		at + `sshd[9]: User account has expired`:                                                                                                   "account-expired",
		at + `sshd[9]: pam_unix(sshd:account): account ada@contoso.com has expired (account expired)`:                                              "account-expired",
		// As the releases of OpenSSH write it: auth2-pubkey.c of 7.4, 8.0, 8.7 and 9.9; auth.c and session.c of all.
		at + `sshd[9]: error: key_from_blob: Invalid key length [preauth]`:                                                                            "key-length",
		at + `sshd[9]: userauth_pubkey: could not parse key: Invalid key length [preauth]`:                                                            "key-length",
		at + `sshd[9]: error: userauth_pubkey: parse key: Invalid key length [preauth]`:                                                               "key-length",
		at + `sshd-session[9]: refusing RSA-CERT key: Invalid key length [preauth]`:                                                                   "key-length",
		at + `sshd[9]: userauth_pubkey: certificate signature algorithm ssh-rsa: signature algorithm not supported [preauth]`:                         "ca-algorithm",
		at + `sshd[9]: error: Certificate signature algorithm ssh-rsa: signature algorithm not supported [preauth]`:                                   "ca-algorithm",
		at + `sshd[9]: userauth_pubkey: signature algorithm ssh-rsa not in PubkeyAcceptedAlgorithms [preauth]`:                                        "algorithm",
		at + `sshd[9]: userauth_pubkey: key type ssh-rsa-cert-v01@openssh.com not in PubkeyAcceptedKeyTypes [preauth]`:                                "algorithm",
		at + `sshd[9]: error: Certificate does not contain an authorized principal`:                                                                   "certificate-name",
		at + `sshd[9]: error: Error checking authentication key RSA-CERT SHA256:abc in revoked keys file /etc/ssh/revoked: No such file or directory`: "revoked-list",
		at + `sshd[9]: User ada@contoso.com not allowed because account is locked`:                                                                    "locked",
		at + `sshd[9]: User ada@contoso.com from 10.0.0.4 not allowed because not in any group`:                                                       "groups",
		at + `sshd[9]: User ada@contoso.com from 10.0.0.4 not allowed because a group is listed in DenyGroups`:                                        "groups",
		at + `sshd-session[9]: administratively prohibited connection for ada@contoso.com from 10.0.0.4 port 5 [preauth]`:                             "prohibited",
		at + `sshd[9]: fatal: bad ownership or modes for chroot directory component "/srv/"`:                                                          "chroot",
		at + `sshd[9]: fatal: bad ownership or modes for chroot directory "/srv/home"`:                                                                "chroot",
		at + `sshd[9]: error: Unsafe AuthorizedKeysCommand "/usr/sbin/aad_certhandler": /usr/sbin/aad_certhandler is not a regular file`:              "no-program",
		at + `sshd[9]: error: Unsafe AuthorizedKeysCommand "/opt/x/aad_certhandler": bad ownership or modes for directory /opt/x`:                     "unsafe-program",
		at + `sshd-session[9]: fatal: Access denied for user ada@contoso.com by PAM account configuration [preauth]`:                                  "pam-refused",
		at + `sshd[9]: error: PAM: pam_open_session(): Cannot make/remove an entry for the specified session`:                                         "pam-session",
		at + `sshd[9]: Account ada@contoso.com has expired`:                                                                                           "account-expired",
		at + `sshd[9]: drop connection #0 from [10.9.9.9]:40000 on [10.0.0.4]:22 penalty: failed authentication`:                                      "penalty",
		at + `sshd[9]: drop connection #11 from [10.9.9.9]:40000 on [10.0.0.4]:22 past PerSourceMaxStartups`:                                          "source-limit",
		at + `sshd[9]: error: maximum authentication attempts exceeded for invalid user ada@contoso.com from 10.0.0.4 port 5 ssh2 [preauth]`:          "too-many-tries",
		at + `sshd[9]: refused connect from 10.9.9.9 (10.9.9.9)`:                                                                                      "hosts-deny",
		at + `sshd[9]: error: beginning MaxStartups throttling`:                                                                                       "throttled",
		at + `sshd[9]: drop connection #11 from [10.9.9.9]:40000 on [10.0.0.4]:22 past MaxStartups`:                                                   "throttled",
		at + `aad_certhandler[9]: Failed to get an access token: Identity not found`:                                                                  "identity",
		at + `aad_certhandler[9]: curl error: Could not resolve host: pas.windows.net`:                                                                "network",
		at + `sshd[9]: error: AuthorizedKeysCommand /usr/sbin/aad_certhandler ada@contoso.com AAAA failed, status 1`:                                  "cert-handler",
		`Nov 21 11:00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                                       "role",
		at + `sshd-session[9]: message repeated 2 times: [ pam_aad(sshd:account): role missing for ada@contoso.com]`:                                  "role",
		// As people have reported them, of OpenSSH 7.4 to 9.9 and of libpam.
		at + `sshd[9]: userauth_pubkey: unsupported public key algorithm: rsa-sha2-512-cert-v01@openssh.com [preauth]`:                                                                   "algorithm",
		at + `sshd[9]: error: AuthorizedKeysCommand exec "/usr/sbin/aad_certhandler": Permission denied`:                                                                                 "cannot-run",
		at + `sshd[9]: error: AuthorizedKeysCommand execv "/usr/sbin/aad_certhandler ada@contoso.com AAAA": Exec format error`:                                                           "cannot-run",
		at + `sshd[9]: fatal: safely_chroot: stat("/srv/sftp/ada@contoso.com"): No such file or directory`:                                                                               "chroot",
		at + `sshd[9]: fatal: Unable to chdir to chroot path "/srv/sftp": Permission denied`:                                                                                             "chroot",
		at + `sshd[9]: PAM unable to dlopen(pam_tacplus.so): libtac.so.2: cannot open shared object file: No such file or directory`:                                                     "broken-module",
		at + `sshd[9]: PAM unable to dlopen(/usr/lib/security/pam_envoy.so): /usr/lib/security/pam_envoy.so: undefined symbol: gpg_preset_passphrase`:                                    "broken-module",
		at + `sshd[9]: PAM unable to dlopen(pam_unix.so): /lib/x86_64-linux-gnu/libpam.so.0: version ` + "`LIBPAM_MODUTIL_1.3.2'" + ` not found (required by /lib/security/pam_unix.so)`: "broken-module",
		at + `sshd[9]: fatal: PAM: pam_chauthtok(): Authentication token manipulation error`:                                                                                             "pam-session",
		at + `sshd[9]: Certificate extension "oid@sshservice.azure.net" is not supported`:                                                                                                "",
		at + `aad_certhandler[9]: User 'bob' is not an AAD user; returning empty result.`:                                                                                                "",
		at + `aad_certhandler[9]: Version: 1.0.033070001; user: ada@contoso.com`:                                                                                                         "",
		at + `sshd[9]: Connection closed by 10.0.0.4 port 22`:                                                                                                                            "",
		at + `sshd[9]: pam_unix(sshd:account): account bob has expired (account expired)`:                                                                                                "", // of this machine alone
		at + `CRON[9]: pam_unix(cron:session): denied`:                                                                                                                                   "",
		`2026-11-19T11:00:00+00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                                                                "",
		`Nov 19 11:00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                                                                          "",
		`Dec 24 11:00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                                                                          "", // last year's
		`type=AVC msg=audit(1795258800.123:456): avc:  denied  { name_connect } for  pid=9 comm="aad_certhandler" dest=443`:                                                              "selinux",
		`Nov 21 11:00:00 web1 kernel: audit: type=1400 audit(1.2:3): avc:  denied  { read } for  pid=9 comm="aad_certhandler"`:                                                           "selinux",
		`type=AVC msg=audit(1795258800.123:456): avc:  denied  { read } for  pid=9 comm="httpd"`:                                                                                         "",
		`type=AVC msg=audit(1795086000.123:456): avc:  denied  { read } for  pid=9 comm="aad_certhandler"`:                                                                               "",
	} {
		if got := names(events(line + "\n")); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// What a stranger types before they are authenticated explains nothing, wherever sshd or
// the certificate handler repeats it.
func TestStrangersWordsAreNoCause(t *testing.T) {
	for _, name := range []string{
		"unauthorized@evil.example", "role-not-assigned@evil.example", "role not assigned@evil.example", "denied' role not 'x@evil.example",
		"x@evil.example: Azure role not assigned", "curl error: Could not resolve host x@evil.example", "identity not found@evil.example",
		"pam_aad(sshd:account): Access denied for ada@contoso.com: role not assigned", "a@b.c by PAM account configuration",
		`x" error: Unsafe AuthorizedKeysCommand "/usr/sbin/aad_certhandler": bad ownership or modes for file /evil@x.y`,
		"x@y.z failed, status 1", "refused connect from x@y.z", "error: beginning MaxStartups throttling@x.y", "User account has expired@x.y",
		"x@y.z has expired", "Certificate invalid: expired@x.y", "PAM unable to dlopen(x@y.z): /evil: cannot open shared object file",
	} {
		for _, line := range []string{
			`sshd[9]: Invalid user ` + name + ` from 203.0.113.9 port 4711`,
			`sshd[9]: input_userauth_request: invalid user ` + name + ` [preauth]`,
			`sshd[9]: Connection closed by invalid user ` + name + ` 203.0.113.9 port 4711 [preauth]`,
			`sshd[9]: Disconnected from authenticating user ` + name + ` 203.0.113.9 port 4711 [preauth]`,
			`sshd[9]: Failed password for invalid user ` + name + ` from 203.0.113.9 port 4711 ssh2`,
			`sshd[9]: Failed publickey for ` + name + ` from 203.0.113.9 port 4711 ssh2: RSA SHA256:abc`,
			`sshd[9]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=` + name,
			`sshd[9]: pam_aad(sshd:auth): Access denied for ` + name,
			`aad_certhandler[9]: User '` + name + `' is not an AAD user; returning empty result.`,
			`aad_certhandler[9]: Version: 1.0.033070001; user: ` + name,
			`aad_certhandler[9]: Unknown name ` + name,
		} {
			for _, e := range events(at + line + "\n") {
				t.Errorf("%s: %s", line, e.Cause.Name)
			}
		}
	}
}

// A name in a command was proved. The others are shown in quotes.
func TestNamesInCommands(t *testing.T) {
	for line, want := range map[string][2]string{
		`sshd[9]: pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned`:                   {"ada@contoso.com", "ada@contoso.com has no role"},
		`sshd[9]: pam_aad(sshd:account): role missing for 11111111-2222-3333-4444-555555555555`:                        {"11111111-2222-3333-4444-555555555555", "11111111-2222"},
		`aad_certhandler[9]: Found a user with the same name but different oid: ada@contoso.com`:                       {"PERSON", `"ada@contoso.com" has a local account`},
		`sshd[9]: User $(reboot)@x from 10.0.0.4 not allowed because not listed in AllowUsers`:                         {"PERSON", `lists shut "$(reboot)@x" out`},
		"sshd[9]: User a\x1b[2J\u202e@x from 10.0.0.4 not allowed because not listed in AllowUsers":                    {"PERSON", `"a\x1b[2J\u202e@x"`},
		`sshd[9]: User ` + strings.Repeat("x", 3000) + `@x from 10.0.0.4 not allowed because not listed in AllowUsers`: {"PERSON", strings.Repeat("x", 64) + `..."`},
		`sshd[9]: fatal: Access denied for user ada@x;reboot by PAM account configuration`:                             {"PERSON", `refused "ada@x;reboot"`},
		`sshd[9]: error: Unsafe AuthorizedKeysCommand "/x": bad ownership or modes for file /opt/a b`:                  {"PERSON", `may write to "/opt/a b"`},
		`sshd[9]: error: Unsafe AuthorizedKeysCommand "/opt/h/cert": bad ownership or modes for directory /opt/h`:      {"PERSON", `may write to /opt/h`},
	} {
		all := events(at + line + "\n")
		if len(all) != 1 || all[0].CommandName() != want[0] || !strings.Contains(all[0].Means(), want[1]) {
			t.Errorf("%s: %+v", line, all)
			continue
		}
		if next := all[0].Next(); strings.Contains(next, "$(") || strings.Contains(next, "{") && !strings.Contains(next, "{connection}") || strings.Contains(next, "/opt/a b") {
			t.Errorf("%s: %s", line, next)
		}
	}
	if next := events(at + `sshd[9]: error: Unsafe AuthorizedKeysCommand "/opt/h/cert": bad ownership or modes for directory /opt/h` + "\n")[0].Next(); !strings.Contains(next, "chmod go-w /opt/h") {
		t.Error(next)
	}
}

// One connection's lines belong together: who it is, which module said no.
func TestLinesOfOneConnection(t *testing.T) {
	for text, want := range map[string]string{
		// The module that refused, not pam_aad that granted.
		"sshd[7]: pam_aad(sshd:account): Login granted for ada@contoso.com as an admin.\n" +
			"sshd[7]: pam_access(sshd:account): access denied for user `ada@contoso.com' from `10.0.0.4'\n" +
			"sshd[7]: fatal: Access denied for user ada@contoso.com by PAM account configuration [preauth]\n": "pam-module pam_access, a module of PAM, refused ada@contoso.com",
		"sshd[7]: pam_unix(sshd:session): session opened for user ada@contoso.com(uid=10000) by (uid=0)\n" +
			"sshd[7]: pam_limits(sshd:session): Could not set limit for 'nofile': Operation not permitted\nsshd[7]: error: PAM: pam_open_session(): Permission denied\n": "pam-module pam_limits, a module of PAM, refused somebody",
		"sshd[7]: pam_access(sshd:account): is about something else\nsshd[7]: error: PAM: pam_open_session(): Permission denied\n":                                          `pam-session PAM's session rules refused somebody: "Permission denied"`,
		"sshd[7]: pam_aad(sshd:account): Azure role not assigned to ada@contoso.com\nsshd[7]: fatal: Access denied for user ada@contoso.com by PAM account configuration\n": "role ada@contoso.com has no role for this machine",
		"sshd[7]: Access denied for user ada@contoso.com by PAM account configuration\nsshd[8]: User account has expired\n":                                                 "account-expired the local account of somebody has expired; pam-refused PAM's account rules refused ada@contoso.com, without saying which of them",
		"sshd[7]: User account has expired\nsshd[7]: Access denied for user ada@contoso.com by PAM account configuration\n":                                                 "account-expired the local account of ada@contoso.com has expired",
		"sshd[7]: refusing RSA-CERT key: Invalid key length [preauth]\nsshd[7]: Connection closed by authenticating user ada@contoso.com 10.0.0.4 port 5 [preauth]\n":       `key-length sshd refused the key of "ada@contoso.com", which is shorter than RequiredRSASize`,
		"sshd[7]: refusing RSA-CERT key: Invalid key length [preauth]\nsshd[7]: Connection closed by authenticating user root 10.0.0.4 port 5 [preauth]\n":                  "",
		// Another key was accepted on the same connection.
		"sshd[7]: error: Certificate invalid: expired\nsshd[7]: Accepted publickey for ada@contoso.com from 10.0.0.4 port 5 ssh2: RSA-CERT ID x\n": "",
		// Accepted, and then refused by PAM.
		"sshd[7]: Accepted publickey for ada@contoso.com from 10.0.0.4 port 5 ssh2: RSA-CERT ID x\nsshd[7]: error: PAM: pam_open_session(): Permission denied\n": `pam-session PAM's session rules refused ada@contoso.com: "Permission denied"`,
	} {
		var log strings.Builder
		for line := range strings.Lines(text) {
			log.WriteString(at + line)
		}
		var got []string
		for _, e := range events(log.String()) {
			got = append(got, e.Cause.Name+" "+e.Means())
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%s\n got %s\nwant %s", text, s, want)
		}
	}
}

// A later success ends what it shows to be fixed, and the newest is reported first.
func TestEventsEnd(t *testing.T) {
	const (
		unsafe  = "2026-11-21T10:00:00+00:00 w sshd[1]: error: Unsafe AuthorizedKeysCommand \"/x\": bad ownership or modes for file /x\n"
		ada     = "2026-11-21T10:01:00+00:00 w sshd[2]: pam_aad(sshd:account): role missing for ada@contoso.com\n"
		bob     = "2026-11-21T10:02:00+00:00 w sshd[3]: pam_aad(sshd:account): role missing for bob@contoso.com\n"
		deny    = "2026-11-21T10:03:00+00:00 w sshd[4]: refused connect from 10.0.0.4 (10.0.0.4)\n"
		full    = "2026-11-21T10:04:00+00:00 w sshd[5]: error: beginning MaxStartups throttling\n"
		free    = "2026-11-21T10:06:00+00:00 w sshd[5]: exited MaxStartups throttling after 00:00:20, 3 connections dropped\n"
		granted = "2026-11-21T11:05:00+00:00 w sshd[6]: pam_aad(sshd:account): Login granted for ada@contoso.com as an admin.\n"
		entered = "2026-11-21T11:05:01+00:00 w sshd[6]: Accepted publickey for ada@contoso.com from 10.0.0.4 port 5 ssh2: RSA-CERT ID x\n"
		near    = "2026-11-21T10:03:00+00:00 w sshd[4]: refused connect from 10.0.0.45 (10.0.0.45)\n"
		capital = "2026-11-21T11:05:01+00:00 w sshd[6]: Accepted publickey for Ada@contoso.com from 10.0.0.4 port 5 ssh2: RSA-CERT ID x\n"
		local   = "2026-11-21T11:05:02+00:00 w sshd[8]: Accepted publickey for root from 10.0.0.4 port 5 ssh2: RSA SHA256:x\n"
		forged  = "2026-11-21T11:05:03+00:00 w sshd[9]: Invalid user Accepted publickey for ada@contoso.com from 10.0.0.4 port 5 ssh2 from 10.0.0.5 port 6\n"
	)
	for text, want := range map[string]string{
		unsafe + ada + bob + deny + full:           "throttled hosts-deny role role unsafe-program",
		unsafe + ada + bob + deny + full + free:    "hosts-deny role role unsafe-program",
		unsafe + ada + bob + deny + full + granted: "throttled hosts-deny role unsafe-program",
		unsafe + ada + bob + deny + full + entered: "role",
		unsafe + ada + bob + local + forged:        "role role unsafe-program",
		near + unsafe + ada + entered:              "hosts-deny", // an address that begins with the one of the sign-in
		ada + capital:                              "",
		entered + ada:                              "role",
	} {
		if got := names(events(text)); got != want {
			t.Errorf("%s got %q, want %q", text, got, want)
		}
	}
	yes := func(string) bool { return true }
	if all := (Log{Source: "", Lines: fromFile(unsafe, noon())}).Events(yes, yes); len(all) != 0 {
		t.Errorf("the file is safe now: %+v", all)
	}
}

// The journal's own fields decide whose a line is.
func TestJournal(t *testing.T) {
	record := func(identifier, uid, comm, message string) string {
		b, err := json.Marshal(map[string]string{"SYSLOG_IDENTIFIER": identifier, "_UID": uid, "_COMM": comm, "MESSAGE": message, "_PID": "7",
			"__REALTIME_TIMESTAMP": strconv.FormatInt(noon().Add(-time.Hour).UnixMicro(), 10)})
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	const denied = "pam_aad(sshd:account): Access denied for ada@contoso.com: role not assigned"
	for text, want := range map[string]string{
		record("sshd", "0", "sshd", denied):                      "role",
		record("sshd-session", "0", "sshd-session", denied):      "role",
		record("sshd", "0", "", denied):                          "role", // it had ended before the journal looked
		record("sshd", "1000", "sshd", denied):                   "",     // logger -t sshd
		record("sshd", "0", "logger", denied):                    "",
		record("su", "0", "su", denied):                          "",
		record("sshd", "0", "sshd", "x\n"+denied):                "", // one line of the journal may have several of the terminal's
		`{"SYSLOG_IDENTIFIER":"sshd","_UID":"0","MESSAGE":null}`: "",
		`{"SYSLOG_IDENTIFIER":["sshd","sshd"],"_UID":"0"}`:       "",
		record("sshd", "0", "sshd", denied)[:60]:                 "",
		`{"SYSLOG_IDENTIFIER":"sshd","_UID":"0","MESSAGE":[112,97,109,95,97,97,100,40,115,58,97,99,99,111,117,110,116,41,58,32,100,101,110,105,101,100,255]}`: "role",
	} {
		log := Log{Source: "the journal", Lines: recent(fromJournal([]byte(text)), noon(), Day)}
		if got := names(log.Events(no, no)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	order := fromJournal([]byte(record("sshd", "0", "", "newer") + record("sshd", "0", "", "older")))
	if len(order) != 2 || order[0].Text != "older" {
		t.Errorf("%+v", order)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add("2026-11-21T11:00:00Z w sshd[1]: pam_aad(sshd:account): role missing for a@b.c\n\x1b[2J")
	f.Add(`{"SYSLOG_IDENTIFIER":"sshd","_UID":"0","MESSAGE":[112,300],"__REALTIME_TIMESTAMP":"x"}`)
	f.Add(at + "sshd[9]: error: Unsafe AuthorizedKeysCommand \"/x\": bad ownership or modes for file /\u202e\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range [][]Line{fromFile(text, noon()), fromJournal([]byte(text))} {
			for _, e := range (Log{Source: "", Lines: l}).Events(no, no) {
				if shown := e.Means() + e.Next() + Quoted(e.Text, 240); strings.ContainsAny(shown, "\x1b\n\r\u202e") {
					t.Errorf("%q", shown)
				}
			}
		}
	})
}

// What a log says of one person: their own connections, and nobody else's.
func TestAbout(t *testing.T) {
	const log = "2026-11-21T10:00:00+00:00 w sshd[1]: User ada@contoso.com from 10.0.0.4 not allowed because listed in DenyUsers\n" +
		"2026-11-21T10:00:01+00:00 w sshd[1]: Connection closed by invalid user ada@contoso.com 10.0.0.4 port 5 [preauth]\n" +
		"2026-11-21T10:00:02+00:00 w sshd[2]: Accepted publickey for bob@contoso.com from 10.0.0.4 port 6 ssh2: RSA-CERT ID x\n" +
		"2026-11-21T10:00:03+00:00 w aad_certhandler[3]: Version: 1.0; user: ada@contoso.com\n" +
		"2026-11-21T10:00:04+00:00 w sshd[4]: pam_aad(sshd:account): Login granted for ada@contoso.com as an admin.\n" +
		"2026-11-21T10:00:05+00:00 w sshd[4]: Accepted publickey for ada@contoso.com from 10.0.0.4 port 7 ssh2: RSA-CERT ID x\n" +
		"2026-11-21T10:00:06+00:00 w sshd[5]: Invalid user Accepted publickey for ada@contoso.com from 10.0.0.4 port 5 ssh2 from 10.0.0.5 port 6\n" +
		"2026-11-21T10:00:07+00:00 w sshd[6]: pam_aad(sshd:account): Login granted for ada@contoso.com.au as an admin.\n"
	a := Log{Source: "a file", Lines: fromFile(log, noon())}.About("ada@contoso.com")
	var texts []string
	for _, l := range a.Lines {
		texts = append(texts, strconv.Itoa(l.PID))
	}
	if got := strings.Join(texts, " "); got != "1 1 3 4 4" || !a.Admin || a.Granted.Format("05") != "04" {
		t.Errorf("%q, %+v", got, a)
	}
	if b := (Log{Source: "a file", Lines: fromFile(log, noon())}).About("bob@contoso.com"); len(b.Lines) != 1 || b.Admin || !b.Granted.IsZero() {
		t.Errorf("%+v", b)
	}
}

// sshd keeps a single source out while others get in; nobody else is told so, and nothing is
// said of scanners, under whose address nobody of the directory has connected.
func TestSources(t *testing.T) {
	const (
		penalty = at + "sshd[9]: drop connection #0 from [10.9.9.9]:40000 on [10.0.0.4]:22 penalty: failed authentication\n"
		startup = at + "sshd[9]: drop connection #11 from [10.9.9.9]:40000 on [10.0.0.4]:22 past PerSourceMaxStartups\n"
		ada     = at + "sshd[8]: Connection closed by authenticating user ada@contoso.com 10.9.9.9 port 5 [preauth]\n"
		root    = at + "sshd[8]: Invalid user admin from 10.9.9.9 port 5\n"
		deny    = at + "sshd[4]: refused connect from host.example (10.9.9.9)\n"
	)
	from := func(s string) (a netip.Addr) {
		if s != "" {
			a = netip.MustParseAddr(s)
		}
		return a
	}
	for _, c := range []struct {
		log, name, from string
		want            bool
	}{
		{penalty + root, "", "", false},
		{startup + root, "", "", false},
		{penalty + ada, "", "", true},
		{startup + ada, "", "", true},
		{penalty + root, "bob@contoso.com", "", false},
		{penalty + root, "bob@contoso.com", "10.9.9.9", true},
		{penalty + ada, "bob@contoso.com", "10.9.9.99", false},
		{penalty + ada, "bob@contoso.com", "10.9.9.9", true},
		{deny, "bob@contoso.com", "0.9.9.9", false},
		{deny, "bob@contoso.com", "10.9.9.9", true},
		{deny, "", "", true},
	} {
		told := false
		for _, e := range events(c.log) {
			told = told || e.Concerns(c.name, from(c.from))
			if strings.Contains(e.Means(), "connections wait") && strings.Contains(c.log, "penalty") {
				t.Errorf("%s: %s", c.log, e.Means())
			}
		}
		if told != c.want {
			t.Errorf("%s of %q from %q: %v", c.log, c.name, c.from, told)
		}
	}
}

// What was read may begin later than what was asked for.
func TestSince(t *testing.T) {
	const old, recent = "Nov 18 03:00:00 w CRON[1]: x\n", "Nov 21 08:00:00 w CRON[1]: x\n"
	line := func(hour int) string {
		when := time.Date(2026, 11, 21, hour, 0, 0, 0, time.UTC)
		return `{"MESSAGE":"x","SYSLOG_IDENTIFIER":"sshd","__REALTIME_TIMESTAMP":"` + strconv.FormatInt(when.UnixMicro(), 10) + `","_PID":"7","_UID":"0","_COMM":"sshd"}` + "\n"
	}
	for name, c := range map[string]struct{ file, journal, want string }{
		"a file that reaches back":                 {old + recent, "", ""},
		"a file that was rotated":                  {recent, "", "08:00"},
		"a file with ISO times":                    {at + "CRON[1]: x\n", "", "11:00"},
		"an empty file":                            {"", "", "12:00"},
		"a journal":                                {"", line(9) + line(8), ""},
		"a journal of which only the end was read": {"", strings.Repeat(line(9), most-1) + line(8), "08:00"},
	} {
		r := hosttest.New(t)
		h := r.Host()
		if err := os.MkdirAll(filepath.Dir(h.Path("/var/log/auth.log")), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Path("/var/log/auth.log"), []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		r.Expect(`journalctl -q --no-pager --all -o json --since -24h -n 4000 -r _UID=0 -t sshd -t sshd-session -t sshd-auth -t aad_certhandler`, host.Result{Stdout: []byte(c.journal)})
		got := ""
		if since := Read(t.Context(), h, noon(), Day).Since; !since.IsZero() {
			got = since.Format("15:04")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// 29 February is not a day of each year.
func TestLeapDay(t *testing.T) {
	now := time.Date(2029, 1, 5, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{"Feb 29 10:00:00": "2028-02-29", "Dec 30 10:00:00": "2028-12-30", "Jan  5 10:00:00": "2029-01-05"} {
		if got := stamp(s, now).Format(time.DateOnly); got != want {
			t.Errorf("%s: %s", s, got)
		}
	}
	if got := stamp("Feb 29 10:00:00", now.AddDate(0, -1, 0)).Format(time.DateOnly); got != "2028-02-29" {
		t.Error(got)
	}
	if got := stamp("Feb 29 10:00:00", time.Date(2025, 1, 5, 12, 0, 0, 0, time.UTC)).Format(time.DateOnly); got != "2024-02-29" {
		t.Error(got)
	}
}
