package doctor

import (
	"strings"
	"testing"
	"time"
)

func TestTrailExplainsLines(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	const at = "2026-11-21T11:00:00+00:00 web1 "
	for line, want := range map[string]string{
		at + `sshd[9]: pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned`:                                          "role",
		at + `aad_certhandler[9]: Found a user with the same name but different oid: ada@contoso.com`:                                              "other-account",
		at + `sshd[9]: error: Unsafe AuthorizedKeysCommand "/usr/sbin/aad_certhandler": bad ownership or modes for file /usr/sbin/aad_certhandler`: "unsafe-program",
		at + `sshd[9]: User ada@contoso.com from 10.0.0.4 not allowed because none of user's groups are listed in AllowGroups`:                     "groups",
		at + `sshd[9]: userauth_pubkey: key type ssh-rsa-cert-v01@openssh.com not in PubkeyAcceptedAlgorithms for ada@contoso.com`:                 "algorithm",
		at + `sshd[9]: error: Certificate invalid: expired`:                                                                                        "certificate-time",
		at + `aad_certhandler[9]: Failed to get an access token: Identity not found`:                                                               "identity",
		at + `aad_certhandler[9]: curl error: Could not resolve host: pas.windows.net`:                                                             "network",
		at + `sshd[9]: error: AuthorizedKeysCommand /usr/sbin/aad_certhandler ada@contoso.com AAAA failed, status 1`:                               "cert-handler",
		`Nov 21 11:00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                                    "role",
		at + `sshd[9]: Certificate extension "oid@sshservice.azure.net" is not supported`:                                                          "",
		at + `aad_certhandler[9]: User 'bob' is not an AAD user; returning empty result.`:                                                          "",
		at + `aad_certhandler[9]: Version: 1.0.033070001; user: ada@contoso.com`:                                                                   "",
		at + `sshd[9]: Connection closed by 10.0.0.4 port 22`:                                                                                      "",
		at + `CRON[9]: pam_unix(cron:session): denied`:                                                                                             "",
		`2026-11-19T11:00:00+00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                          "",
		`Nov 19 11:00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                                    "",
		`Dec 24 11:00:00 web1 sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com`:                                                    "", // last year's
		`type=AVC msg=audit(1795258800.123:456): avc:  denied  { name_connect } for  pid=9 comm="aad_certhandler" dest=443`:                        "selinux",
		`type=AVC msg=audit(1795258800.123:456): avc:  denied  { read } for  pid=9 comm="httpd"`:                                                   "",
		`type=AVC msg=audit(1795086000.123:456): avc:  denied  { read } for  pid=9 comm="aad_certhandler"`:                                         "",
	} {
		got := ""
		if events := parseTrail(line+"\n", now); len(events) > 0 {
			got = events[0].row.name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// A later success of the same person says that it was mended.
func TestTrailForgetsWhatWasMended(t *testing.T) {
	const text = "2026-11-21T11:00:00+00:00 w sshd[9]: pam_aad(sshd:account): role missing for ada@contoso.com\n" +
		"2026-11-21T11:01:00+00:00 w sshd[9]: pam_aad(sshd:account): role missing for bob@contoso.com\n" +
		"2026-11-21T11:05:00+00:00 w sshd[9]: pam_aad(sshd:account): Login granted for ada@contoso.com as an admin.\n"
	events := parseTrail(text, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	if len(events) != 1 || events[0].user != "bob@contoso.com" {
		t.Errorf("%+v", events)
	}
}

func FuzzTrail(f *testing.F) {
	f.Add("2026-11-21T11:00:00Z w sshd[1]: pam_aad: role missing for a@b.c\n\x1b[2J")
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range parseTrail(text, time.Unix(0, 0)) {
			if strings.ContainsAny(e.line, "\x1b\n\r") {
				t.Errorf("%q", e.line)
			}
		}
	})
}
