package login

import (
	"testing"

	"aadssh/internal/check"
)

// A reinstallation is expected to help if the database has one line, which lacks the
// package. If there is no line, or one overrules another that has the package, it is not
// known whether the package's script repairs that.
func TestReinstallForTheNameServiceSwitch(t *testing.T) {
	for text, helps := range map[string]bool{
		"passwd: files\n":                    true,
		"passwd: files aadd\n":               true,
		"PASSWD: files aad\n":                false,
		"group: files aad\n":                 false,
		"passwd: files aad\npasswd: files\n": false,
		"passwd: files\npasswd: files\n":     false,
	} {
		h := debian(t)
		put(t, h, "/etc/nsswitch.conf", text, 0o644)
		if got := of(t, Assess(gather(h)), "nss-passwd"); got.Answer != check.Fail || (got.Part == check.Scripts) != helps {
			t.Errorf("%q: %+v, want a reinstallation: %v", text, got, helps)
		}
	}
}

// TestLocalUsers: sshd needs its own user and root in /etc/passwd, with lines that glibc can
// parse; root also counts as there if another name service has it.
func TestLocalUsers(t *testing.T) {
	const root, sshd = "root:x:0:0:root:/root:/bin/bash\n", "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"
	for text, broken := range map[string]bool{
		root + sshd:                       false,
		root + "  sshd:x:101:65534\n":     false,
		root + "sshd:x:101\n":             true,
		root + "sshd:x:101x:65534::/:/\n": true,
		root + "sshd:x:101:65534\r\n":     true,
		sshd:                              true,
		sshd + "\xef\xbb\xbf" + root:      true,
		sshd + "root:x:1:0::/:/bin/sh\n":  true,
		sshd + "root:x:0x:0::/:/bin/sh\n": true,
		"root:x:y:0::/:/\n" + root + sshd: false,
	} {
		h := debian(t)
		put(t, h, "/etc/passwd", text, 0o644)
		if got := of(t, Assess(gather(h)), "nss-passwd"); (got.Answer == check.Fail) != broken {
			t.Errorf("%q: %+v, want broken: %v", text, got, broken)
		}
	}
	h := debian(t)
	put(t, h, "/etc/passwd", sshd, 0o644)
	put(t, h, "/etc/nsswitch.conf", "passwd: files systemd aad\ngroup: files aad\n", 0o644)
	put(t, h, "/usr/lib/x86_64-linux-gnu/libnss_systemd.so.2", "\x7fELF", 0o644)
	if got := of(t, Assess(gather(h)), "nss-passwd"); got.Answer != check.Pass {
		t.Errorf("with nss-systemd: %+v", got)
	}
}
