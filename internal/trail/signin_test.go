package trail

import (
	"testing"
	"time"
)

func TestSignedIn(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(1000+s), 0) }
	line := func(s, pid int, text string) Line { return Line{At: at(s), Program: "sshd", PID: pid, Text: text} }
	const (
		accepted = "Accepted publickey for ada@contoso.com from 10.0.0.9 port 4711 ssh2: RSA-CERT SHA256:x ID y (serial 0) CA RSA SHA256:z"
		opened   = "pam_unix(sshd:session): session opened for user ada@contoso.com(uid=10000) by ada@contoso.com(uid=0)"
	)
	for name, c := range map[string]struct {
		source string
		lines  []Line
		want   time.Time
	}{
		"a sign-in":                    {journal, []Line{line(1, 7, accepted), line(2, 7, opened)}, at(2)},
		"in a log file":                {"/var/log/auth.log", []Line{line(1, 7, accepted), line(2, 7, opened)}, time.Time{}},
		"not opened":                   {journal, []Line{line(1, 7, accepted)}, time.Time{}},
		"of two connections":           {journal, []Line{line(1, 7, accepted), line(2, 8, opened)}, time.Time{}},
		"refused by the account":       {journal, []Line{line(1, 7, accepted), line(2, 7, "fatal: Access denied for user ada@contoso.com by PAM account configuration"), line(3, 7, opened)}, time.Time{}},
		"a session that failed":        {journal, []Line{line(1, 7, accepted), line(2, 7, opened), line(3, 7, "error: PAM: pam_open_session(): Permission denied")}, time.Time{}},
		"a local user":                 {journal, []Line{line(1, 7, "Accepted publickey for bob from 10.0.0.9 port 4711 ssh2: RSA-CERT SHA256:x"), line(2, 7, "pam_unix(sshd:session): session opened for user bob(uid=1000) by bob(uid=0)")}, time.Time{}},
		"a plain key":                  {journal, []Line{line(1, 7, "Accepted publickey for ada@contoso.com from 10.0.0.9 port 4711 ssh2: RSA SHA256:x"), line(2, 7, opened)}, time.Time{}},
		"a name that a stranger typed": {journal, []Line{line(1, 7, "Invalid user Accepted publickey for ada@contoso.com from 10.0.0.9 port 1 ssh2: RSA-CERT x from 10.0.0.9 port 4711"), line(2, 7, opened)}, time.Time{}},
	} {
		got, _ := Log{Source: c.source, Lines: c.lines}.SignedIn()
		if !got.Equal(c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, got := (Log{Source: journal, Lines: []Line{line(1, 7, "Server listening on 0.0.0.0 port 22."), line(5, 7, "Server listening on :: port 22.")}}).SignedIn(); !got.Equal(at(5)) {
		t.Errorf("listening since %v", got)
	}
	if _, got := (Log{Source: journal, Lines: []Line{line(1, 7, "Server listening on 0.0.0.0 port 22."), line(6, 7, "Received SIGHUP; restarting.")}}).SignedIn(); !got.Equal(at(6)) {
		t.Errorf("reloaded at %v", got)
	}
}
