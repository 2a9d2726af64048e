package doctor

import (
	"strings"
	"testing"
	"time"

	"aadssh/internal/facts"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/trail"
)

// TestEndsWithItsCause: a failed sign-in of the past is reported until its cause is gone
// from sshd's configuration, and no longer.
func TestEndsWithItsCause(t *testing.T) {
	const (
		lists     = "User ada@contoso.com from 203.0.113.9 not allowed because none of user's groups are listed in AllowGroups"
		denied    = "User ada@contoso.com from 203.0.113.9 not allowed because listed in DenyUsers"
		key       = "userauth_pubkey: signature algorithm rsa-sha2-512-cert-v01@openssh.com not in PubkeyAcceptedAlgorithms for ada@contoso.com"
		old       = "userauth_pubkey: signature algorithm ssh-rsa-cert-v01@openssh.com not in PubkeyAcceptedAlgorithms for ada@contoso.com"
		authority = "userauth_pubkey: certificate signature algorithm rsa-sha2-256 not in CASignatureAlgorithms"
		healthy   = "port 22\npubkeyacceptedalgorithms rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com\ncasignaturealgorithms ssh-ed25519,rsa-sha2-512,rsa-sha2-256\n"
	)
	for _, c := range []struct {
		name, line, config string // as sshd shows it
		gone               bool
	}{
		{"AllowGroups is gone", lists, healthy, true},
		{"AllowGroups is there", lists, healthy + "allowgroups wheel\n", false},
		{"DenyUsers names somebody", denied, healthy + "denyusers ada@contoso.com\n", false},
		{"DenyUsers is gone", denied, healthy, true},
		{"the algorithm is accepted again", key, healthy, true},
		{"it is not", key, "port 22\npubkeyacceptedalgorithms ssh-ed25519\n", false},
		{"the client is at fault, as before", old, healthy, false},
		{"the authority's signature is accepted again", authority, healthy, true},
		{"it is not", authority, "port 22\npubkeyacceptedalgorithms ssh-ed25519\ncasignaturealgorithms ssh-ed25519\n", false},
		{"sshd could not be asked", lists, "", false},
	} {
		log := trail.Log{Source: "the journal", Lines: []trail.Line{{At: time.Now(), Program: "sshd", PID: 7, Text: c.line}}}
		events := log.Events(func(string) bool { return true }, func(string) bool { return true })
		if len(events) != 1 {
			t.Fatalf("%s: %d events", c.name, len(events))
		}
		m := machine{Facts: facts.Facts{}, history: history{source: log.Source, events: events}}
		if c.config != "" {
			m.SSHD.Users = []sshd.Effective{sshd.ParseEffective(sshd.Connection{}, []byte(c.config))}
		}
		got := signInErrors(&m)
		if told := len(got) == 1 && strings.Contains(got[0].Text, "Sign-in failed"); told == c.gone {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// What was not read is not said to have no failures.
func TestHistoryFromLater(t *testing.T) {
	since := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	for want, m := range map[string]machine{
		"in the last 24 hours (the journal).": {history: history{source: "the journal"}},
		"since 2026-11-21 08:00 UTC; earlier lines of the last 24 hours were not read (/var/log/secure).": {history: history{source: "/var/log/secure", since: since}},
	} {
		if got := signInErrors(&m)[0].Text; got != "No failed sign-in of an Entra ID user "+want {
			t.Error(got)
		}
	}
}
