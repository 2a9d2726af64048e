//go:build rig

package watch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/test/lib/stage"
	"aadssh/test/lib/wire"
)

// TestJournalOfStrangers: in a real journal, what a stranger types at a real sshd and what
// a user logs under sshd's name explain nothing; the lines of root's own programs do.
func TestJournalOfStrangers(t *testing.T) {
	s := enabled(t, settings)
	errors := func() string {
		t.Helper()
		var r doctor.Report
		out := s.sh("/usr/local/bin/aadsshlogin-handler doctor --json --only sign-in-errors")
		stage.Must(t, json.Unmarshal([]byte(out), &r))
		var all []string
		for _, c := range r.Checks {
			all = append(all, c.Answer+" "+c.Text+" > "+c.Next)
		}
		return strings.Join(all, "\n")
	}
	const denied = "pam_aad(sshd:account): Access denied for evil@evil.example: Azure role not assigned"
	for _, name := range []string{"unauthorized@evil.example", "role not assigned@evil.example", "denied@evil.example"} {
		_, err := s.Outside(t.Context(), "timeout", "30", "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
			"-o", "LogLevel=ERROR", "-l", name, wire.Guest, "true")
		stage.Must(t, err)
	}
	s.Do("journalctl -q --no-pager -t sshd -t sshd-session | grep evil.example")
	s.Do("setpriv --reuid=65534 --regid=65534 --clear-groups logger -t sshd '" + denied + "'; setpriv --reuid=65534 --regid=65534 --clear-groups logger -t aad_certhandler 'Failed to get an access token: Identity not found'; journalctl --sync")
	if got := errors(); strings.Contains(got, "role") || strings.Contains(got, "az role assignment") || strings.Contains(got, "token") {
		t.Errorf("doctor believes a stranger:\n%s", got)
	}
	s.Do("cp /usr/bin/logger /root/sshd; /root/sshd -t sshd 'pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned'; journalctl --sync")
	if got := errors(); !strings.Contains(got, "--assignee ada@contoso.com") || strings.Contains(got, "--assignee evil") {
		t.Errorf("of root's own line doctor says:\n%s", got)
	}
}
