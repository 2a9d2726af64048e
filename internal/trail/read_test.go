package trail

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"aadssh/internal/host/hosttest"
)

// What is read where journalctl succeeds without a word: a quiet journal and a missing one
// look alike, and a log file may have been rotated a minute ago.
func TestRead(t *testing.T) {
	const (
		denied  = "sshd[9]: pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned\n"
		today   = "Nov 21 11:00:00 web1 " + denied
		socket  = "/run/systemd/journal/socket"
		written = "/var/log/journal/0123/system.journal"
	)
	for name, c := range map[string]struct {
		files        map[string]string
		source, want string
	}{
		"nothing":                      {},
		"a journal that nobody writes": {files: map[string]string{written: ""}},
		"a quiet journal":              {map[string]string{socket: "", written: ""}, journal, ""},
		"a quiet journal in memory":    {map[string]string{socket: "", "/run/log/journal/0123/system.journal": ""}, journal, ""},
		"a journal that only forwards": {map[string]string{socket: "", "/var/log/auth.log": today}, "/var/log/auth.log", "role"},
		"rotated on Debian":            {map[string]string{"/var/log/auth.log": "", "/var/log/auth.log.1": today}, "/var/log/auth.log", "role"},
		"rotated on RHEL":              {map[string]string{"/var/log/secure": "", "/var/log/secure-20261114": "", "/var/log/secure-20261121": today}, "/var/log/secure", "role"},
		"rotated long ago":             {map[string]string{"/var/log/secure": "", "/var/log/secure-20261114": "Nov 14 11:00:00 web1 " + denied}, "/var/log/secure", ""},
		"compressed":                   {map[string]string{"/var/log/secure": "", "/var/log/secure-20261121.gz": today}, "/var/log/secure", ""},
	} {
		r := hosttest.New(t)
		h := r.Host()
		for path, text := range c.files {
			if err := os.MkdirAll(filepath.Dir(h.Path(path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(h.Path(path), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r.Expect("journalctl -q --no-pager --all -o json --since -24h -n 4000 -r _UID=0 -t sshd -t sshd-session -t sshd-auth -t aad_certhandler", hosttest.Answer(0, ""))
		log := Read(context.Background(), h, noon(), Day)
		if got := names(log.Events(no, no)); log.Source != c.source || got != c.want {
			t.Errorf("%s: %q from %q, want %q from %q", name, got, log.Source, c.want, c.source)
		}
	}
}

func TestTimes(t *testing.T) {
	day := func(year int, month time.Month, day, hour int) time.Time {
		return time.Date(year, month, day, hour, 0, 0, 0, time.UTC)
	}
	for _, c := range []struct {
		line      string
		now, want time.Time
	}{
		{"Dec 31 23:00:00", day(2027, 1, 1, 1), day(2026, 12, 31, 23)},
		{"Feb 29 10:00:00", day(2029, 2, 28, 12), day(2028, 2, 29, 10)}, // there is none in 2029
		{"Feb 29 10:00:00", day(2028, 2, 29, 12), day(2028, 2, 29, 10)},
		{"Nov 21 13:00:00", noon(), day(2026, 11, 21, 13)}, // the clock was set back
	} {
		if got := stamp(c.line, c.now); !got.Equal(c.want) {
			t.Errorf("%s at %s: %s", c.line, c.now, got)
		}
	}
	kept := recent([]Line{{At: noon().AddDate(9, 0, 0)}, {At: noon().Add(time.Hour)}, {At: noon().Add(-2 * Day)}, {}}, noon(), Day)
	if len(kept) != 2 {
		t.Errorf("%+v", kept)
	}
}
