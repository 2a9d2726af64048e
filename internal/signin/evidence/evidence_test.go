package evidence

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
)

func TestSettle(t *testing.T) {
	results := []check.Result{
		{Name: "pam-account", Answer: check.Unknown, Decides: "pam_duo.so", Text: "a.", Next: "b"},
		{Name: "pam-account", Answer: check.Unknown, Text: "the file could not be read"},
		{Name: "sshd-startups", Answer: check.Unknown, Decides: "who else connects"},
		{Name: "sshd-pam", Answer: check.Fail, Text: "out"},
	}
	if !Open(results) || Open(results[1:]) {
		t.Error("what is open")
	}
	got := Settle(append([]check.Result{}, results...), time.Unix(1000, 0))
	for i, want := range []check.Answer{check.Pass, check.Unknown, check.Unknown, check.Fail} {
		if got[i].Answer != want {
			t.Errorf("%+v", got[i])
		}
	}
	if got := Settle(append([]check.Result{}, results...), time.Time{}); got[0].Answer != check.Unknown {
		t.Errorf("nobody signed in: %+v", got[0])
	}
}

// A sign-in counts only if no deciding file was changed after it.
func TestLook(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name              string
		file              string // that was written now
		signedIn, listens time.Time
		reading           Reading
		want              bool
	}{
		{"after all", "/etc/pam.d/sshd", now.Add(time.Hour), now, Reading{}, true},
		{"before a file was changed", "/etc/pam.d/sshd", now.Add(-time.Hour), now.Add(-2 * time.Hour), Reading{}, false},
		{"before sshd was reloaded", "/etc/pam.d/sshd", now.Add(time.Hour), now.Add(2 * time.Hour), Reading{}, false},
		{"before a program was changed that a rule runs", "/usr/local/bin/ask", now.Add(-time.Hour), now.Add(-2 * time.Hour), Reading{}, false},
		{"before a file was changed that decides nothing", "/usr/local/bin/other", now.Add(-time.Hour), now.Add(-2 * time.Hour), Reading{}, true},
		{"sshd has not read its file as it is", "/etc/ssh/sshd_config", now.Add(time.Hour), now.Add(-2 * time.Hour), Reading{}, false},
		{"sshd has read it since", "/etc/ssh/sshd_config", now.Add(time.Hour), now.Add(time.Minute), Reading{}, true},
		{"nothing says when sshd read it", "/etc/ssh/sshd_config", now.Add(time.Hour), time.Time{}, Reading{}, false},
		{"sshd has its socket from systemd and says nothing", "/etc/ssh/sshd_config", now.Add(time.Hour), time.Time{}, Reading{Started: now.Add(time.Minute)}, true},
		{"it was started after the sign-in", "/etc/pam.d/sshd", now.Add(time.Hour), time.Time{}, Reading{Started: now.Add(2 * time.Hour)}, false},
		{"it was started again after it had listened", "/etc/pam.d/sshd", now.Add(time.Hour), now, Reading{Started: now.Add(2 * time.Hour)}, false},
		{"it is in the future, for the clock was ahead", "/etc/pam.d/sshd", now.Add(4 * time.Hour), now, Reading{}, false},
		{"each connection has an sshd of its own", "/etc/ssh/sshd_config", now.Add(time.Hour), time.Time{}, Reading{Each: true}, true},
	} {
		r := hosttest.New(t)
		h := r.Host()
		file := h.Path(c.file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("account required pam_duo.so\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		entry := func(at time.Time, text string) string {
			return fmt.Sprintf(`{"MESSAGE":%q,"SYSLOG_IDENTIFIER":"sshd","__REALTIME_TIMESTAMP":"%d","_PID":"7","_UID":"0","_COMM":"sshd"}`+"\n", text, at.UnixMicro())
		}
		journal := entry(c.signedIn, "pam_unix(sshd:session): session opened for user ada@contoso.com(uid=1) by ada@contoso.com(uid=0)") +
			entry(c.signedIn, "Accepted publickey for ada@contoso.com from 10.0.0.9 port 4711 ssh2: RSA-CERT SHA256:x")
		if !c.listens.IsZero() {
			journal += entry(c.listens, "Server listening on :: port 22.")
		}
		r.Expect(`journalctl -q --no-pager --all -o json --since -168h -n 4000 -r _UID=0 -t sshd -t sshd-session -t sshd-auth -t aad_certhandler`, host.Result{Stdout: []byte(journal)})
		if got := LastSignIn(t.Context(), h, now.Add(3*time.Hour), c.reading, []string{"/usr/local/bin/ask"}); !got.IsZero() != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
