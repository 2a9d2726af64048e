package login

import (
	"os"
	"testing"

	"aadssh/internal/host"
	"aadssh/test/lib/checktest"
)

// Every check has a machine that is broken for it.
func TestRows(t *testing.T) {
	broken := map[string]checktest.Machine[*Facts]{}
	change := func(check string, breakIt func(h *host.Host)) {
		h := debian(t)
		breakIt(h)
		broken[check] = checktest.Machine[*Facts]{Seen: gather(h)}
	}
	file := func(check, name, text string, mode os.FileMode) {
		change(check, func(h *host.Host) { put(t, h, name, text, mode) })
	}
	file("pam-auth", "/etc/pam.d/common-auth", "auth required pam_unix.so\n", 0o644)
	file("pam-account", "/etc/pam.d/common-account", "account required pam_unix.so\n", 0o644)
	file("pam-session", "/etc/pam.d/common-session", "session required pam_deny.so\n", 0o644)
	file("nss-passwd", "/etc/nsswitch.conf", "passwd: files\ngroup: files aad\nshadow: files aad\n", 0o644)
	file("nss-group", "/etc/nsswitch.conf", "passwd: files aad\ngroup: files\nshadow: files aad\n", 0o644)
	file("nss-shadow", "/etc/nsswitch.conf", "passwd: files aad\ngroup: files aad\nshadow: files\n", 0o644)
	shadow := broken["nss-shadow"]
	shadow.Told = true
	broken["nss-shadow"] = shadow
	file("cert-handler", certHandler, "", 0o644)
	file("user-add", addUser, "", 0o644)
	change("pam-module", func(h *host.Host) { remove(t, h, "/usr/lib/x86_64-linux-gnu/security/pam_aad.so") })
	change("nss-library", func(h *host.Host) { remove(t, h, "/usr/lib/x86_64-linux-gnu/libnss_aad.so.2") })
	change("sudo", func(h *host.Host) { remove(t, h, sudoFile) })
	file("selinux", "/sys/fs/selinux/enforce", "1", 0o644)
	file("accounts", AccountsFile, "a@b.c:x:1000:5000::/home/a:/bin/sh\n", 0o644)
	file("shell", AccountsFile, "a@b.c:x:5000:5000::/home/a:/bin/zsh\n", 0o644)
	denied := gather(debian(t))
	denied.Denials = Denials{Looked: true, Count: 1, Newest: Denial{Comm: "aad_certhandler", Wanted: "name_connect"}}
	broken["selinux-denials"] = checktest.Machine[*Facts]{Seen: denied}
	checktest.Rows(t, Rows(), gather(debian(t)), broken)
}

func remove(t *testing.T, h *host.Host, name string) {
	t.Helper()
	if err := os.Remove(h.Path(name)); err != nil {
		t.Fatal(err)
	}
}
