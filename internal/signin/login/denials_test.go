package login

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aadssh/internal/check"
	"aadssh/internal/host"
)

// lookedAt is when the tests look, and records are some time before.
func lookedAt() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func audited(ago time.Duration, kind, text string) string {
	return fmt.Sprintf("type=%s msg=audit(%d.599:285): %s\n", kind, lookedAt().Add(-ago).Unix(), text)
}

// The shape of the records is that of MicrosoftDocs/azure-docs#19419 and
// Azure/azure-linux-extensions#2208.
const (
	connect = `avc:  denied  { name_connect } for  pid=2883 comm="aad_certhandler" dest=443 scontext=system_u:system_r:sshd_t:s0-s0:c0.c1023 tcontext=system_u:object_r:http_port_t:s0 tclass=tcp_socket permissive=0`
	execute = `avc:  denied  { execute  read } for  pid=7 comm="sshd-session" name="aaduseradd" dev="sda2" ino=42 scontext=system_u:system_r:sshd_session_t:s0-s0:c0.c1023 tcontext=system_u:object_r:useradd_exec_t:s0 tclass=file permissive=0`
	typed   = `avc:  denied  { write } for  pid=7 comm="sshd-session" name="x" dev="sda2" ino=42 scontext=system_u:system_r:sshd_session_t:s0 tcontext=system_u:object_r:aadpasswd_file_t:s0 tclass=file permissive=0`
	others  = `avc:  denied  { name_connect } for  pid=2883 comm="sshd" dest=80 scontext=system_u:system_r:sshd_t:s0 tcontext=system_u:object_r:http_port_t:s0 tclass=tcp_socket permissive=0`
)

func TestParseDenials(t *testing.T) {
	noted := strings.Replace(connect, "permissive=0", "permissive=1", 1)
	silent := strings.Replace(connect, " permissive=0", "", 1)
	for _, c := range []struct {
		name, log  string
		permissive bool // the machine, now
		count      int
		says       []string
	}{
		{name: "nothing"},
		{name: "a connection", log: audited(time.Hour, "AVC", connect), count: 1,
			says: []string{`SELinux denied aad_certhandler the access "name_connect" to a tcp_socket to port 443 of type http_port_t (once in the last 24 hours, last at 2026-11-22 09:00 UTC)`, "ausearch -m avc -ts yesterday -c aad_certhandler."}},
		{name: "a file of the product", log: audited(time.Hour, "AVC", execute), count: 1,
			says: []string{`sshd-session the access "execute read" to aaduseradd of type useradd_exec_t`, "-c sshd-session.", "restorecon -v /usr/sbin/aad_certhandler"}},
		{name: "a type of the product", log: audited(time.Hour, "AVC", typed), count: 1},
		{name: "somebody else's", log: audited(time.Hour, "AVC", others)},
		{name: "the newest is told", log: audited(2*time.Hour, "AVC", execute) + audited(time.Hour, "AVC", connect) + audited(time.Minute, "AVC", others), count: 2,
			says: []string{"aad_certhandler", "2 times", "09:00 UTC"}},
		{name: "old", log: audited(25*time.Hour, "AVC", connect)},
		{name: "of a clock that was ahead", log: audited(-2*time.Hour, "AVC", connect)},
		{name: "a policy was loaded since", log: audited(2*time.Hour, "AVC", connect) + audited(time.Hour, "MAC_POLICY_LOAD", "auid=0 ses=1 lsm=selinux res=1")},
		{name: "by an old kernel", log: audited(2*time.Hour, "AVC", connect) + audited(time.Hour, "MAC_POLICY_LOAD", "policy loaded auid=0 ses=76")},
		{name: "booted since", log: audited(2*time.Hour, "AVC", connect) + audited(time.Hour, "SYSTEM_BOOT", "pid=1 uid=0 auid=4294967295 ses=4294967295 msg=' comm=\"systemd-update-utmp\" res=success'")},
		{name: "denied all the same", log: audited(2*time.Hour, "MAC_POLICY_LOAD", "policy loaded auid=0 ses=76") + audited(time.Hour, "AVC", connect), count: 1},
		{name: "only noted", log: audited(time.Hour, "AVC", noted), count: 1, says: []string{"permissive, and let pass"}},
		{name: "denied before it was only noted", log: audited(2*time.Hour, "AVC", connect) + audited(time.Hour, "AVC", noted), count: 1, says: []string{"SELinux denied", "08:00"}},
		{name: "only noted before", log: audited(2*time.Hour, "AVC", noted) + audited(time.Hour, "AVC", connect), count: 1, says: []string{"SELinux denied", "09:00"}},
		{name: "an old kernel that enforces", log: audited(time.Hour, "AVC", silent), count: 1, says: []string{"SELinux denied"}},
		{name: "an old kernel that does not", log: audited(time.Hour, "AVC", silent), permissive: true, count: 1, says: []string{"let pass"}},
		{name: "granted", log: audited(time.Hour, "AVC", strings.Replace(connect, "denied", "granted", 1))},
		{name: "of the name of a node, with words", log: "node=web1 " + strings.TrimSuffix(audited(time.Hour, "AVC", connect), "\n") + "\x1dSYSCALL=connect comm=\"other\"\n", count: 1, says: []string{"denied aad_certhandler"}},
		{name: "the first line is cut", log: "ontext=x tclass=file permissive=0\n" + audited(time.Hour, "AVC", connect), count: 1},
		{name: "the last line is cut", log: audited(time.Hour, "AVC", connect) + strings.TrimSuffix(audited(time.Minute, "AVC", connect), connect+"\n"), count: 1},
		{name: "a name that would be a command", log: audited(time.Hour, "AVC", strings.Replace(execute, "sshd-session", "x;reboot", 1)), count: 1, says: []string{"-c aad_certhandler."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parseDenials([]byte(c.log), !c.permissive, lookedAt())
			f := d.assess()[0]
			want := check.Pass
			if c.count > 0 {
				want = check.Warn
			}
			if d.Count != c.count || f.Answer != want || (f.Next != "") != (c.count > 0) {
				t.Errorf("%d denials: %+v", d.Count, f)
			}
			for _, says := range c.says {
				if !strings.Contains(f.Text+" "+f.Next, says) {
					t.Errorf("%s | %s: want %q", f.Text, f.Next, says)
				}
			}
		})
	}
}

func TestLookDenials(t *testing.T) {
	on := SELinux{Enabled: true, Enforcing: true}
	at := lookedAt()
	filler := strings.Repeat(audited(time.Hour, "CWD", `cwd="/"`), auditTail/len(audited(time.Hour, "CWD", `cwd="/"`))+1)
	for _, c := range []struct {
		name    string
		put     func(t *testing.T, h *host.Host)
		selinux SELinux
		looked  bool
		count   int
	}{
		{"without SELinux", func(t *testing.T, h *host.Host) { put(t, h, auditLog, audited(0, "AVC", connect), 0o600) }, SELinux{}, false, 0},
		{"without auditd", func(*testing.T, *host.Host) {}, on, false, 0},
		{"unreadable", func(t *testing.T, h *host.Host) { put(t, h, auditLog+"/x", "", 0o600) }, on, false, 0},
		{"a log", func(t *testing.T, h *host.Host) { put(t, h, auditLog, audited(0, "AVC", connect), 0o600) }, on, true, 1},
		{"just rotated", func(t *testing.T, h *host.Host) {
			put(t, h, auditLog, audited(0, "DAEMON_ROTATE", "op=rotate"), 0o600)
			put(t, h, auditLog+".1", audited(time.Minute, "AVC", connect), 0o400)
		}, on, true, 1},
		{"in the middle of a rotation", func(t *testing.T, h *host.Host) {
			put(t, h, auditLog+".1", audited(time.Minute, "AVC", connect), 0o400)
		}, on, true, 1},
		{"beyond what is read", func(t *testing.T, h *host.Host) {
			put(t, h, auditLog, audited(2*time.Hour, "AVC", connect)+filler, 0o600)
			put(t, h, auditLog+".1", audited(3*time.Hour, "AVC", connect), 0o400)
		}, on, true, 0},
		{"at the end of a large log", func(t *testing.T, h *host.Host) { put(t, h, auditLog, filler+audited(0, "AVC", connect), 0o600) }, on, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := debian(t)
			c.put(t, h)
			d := readDenials(h, c.selinux, at)
			if d.Looked != c.looked || d.Count != c.count || (len(d.assess()) > 0) != c.looked {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestDenialsMakeNothingUnknown: denials in the log make nothing unknown, and nothing fail:
// an "unknown" would prevent the watch from reporting that a failure is over.
func TestDenialsMakeNothingUnknown(t *testing.T) {
	for _, d := range []Denials{{}, {Looked: true}, {Looked: true, Count: 1, Newest: Denial{Comm: "aad_certhandler"}}} {
		for _, f := range d.assess() {
			if f.Answer == check.Unknown || f.Answer == check.Fail || f.Part != check.NoPart {
				t.Errorf("%+v", f)
			}
		}
	}
}

func FuzzDenials(f *testing.F) {
	for _, text := range []string{connect, execute, typed, others} {
		f.Add([]byte(audited(time.Hour, "AVC", text)))
	}
	f.Add([]byte("node=a type=MAC_POLICY_LOAD msg=audit(1763800000.1:1): policy loaded\n\x1d"))
	f.Fuzz(func(t *testing.T, log []byte) {
		d := parseDenials(log, true, lookedAt())
		one := d.assess()[0]
		if len(one.Text)+len(one.Next) > 2000 || one.Answer == check.Unknown || (d.Count > 0) != (one.Answer == check.Warn) {
			t.Errorf("%d denials: %+v", d.Count, one)
		}
		if strings.ContainsFunc(one.Text+one.Next, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("not fit for people: %q", one.Text+one.Next)
		}
		if d.Count > 0 && (!d.Newest.ours() || d.Newest.Time.IsZero()) {
			t.Errorf("%+v", d.Newest)
		}
	})
}
