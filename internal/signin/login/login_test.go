package login

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"aadssh/internal/check"
	"aadssh/internal/host"
	"aadssh/internal/host/hosttest"
	"aadssh/internal/signin/elf"
)

func put(t *testing.T, h *host.Host, name, text string, mode os.FileMode) {
	t.Helper()
	full := h.Path(name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(full) // it may be read-only
	if err := os.WriteFile(full, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(full, mode); err != nil {
		t.Fatal(err)
	}
}

// debian is a machine as the package leaves a Debian.
func debian(t *testing.T) *host.Host {
	t.Helper()
	h := hosttest.New(t).Host()
	// Files made by the test belong to whoever runs it. A parent folder that others may
	// write to, such as /tmp, is above the root and is not examined.
	if err := os.Chmod(h.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, h, "/etc/pam.d/sshd", "@include common-auth\naccount required pam_nologin.so\n@include common-account\n@include common-session\n", 0o644)
	put(t, h, "/etc/pam.d/common-auth", "auth [success=2 default=ignore] pam_unix.so nullok\nauth [success=1 default=ignore] pam_aad.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n", 0o644)
	put(t, h, "/etc/pam.d/common-account", "account [success=2 new_authtok_reqd=done default=ignore] pam_unix.so\naccount [success=1 default=ignore] \\\n  pam_aad.so # Entra ID\naccount requisite pam_deny.so\naccount required pam_permit.so\n", 0o644)
	put(t, h, "/etc/pam.d/common-session", "session required pam_unix.so\n", 0o644)
	put(t, h, "/etc/nsswitch.conf", "passwd: files systemd aad\ngroup:  files systemd aad\nshadow: files aad\nhosts: files dns\n", 0o644)
	put(t, h, "/usr/sbin/aad_certhandler", "", 0o755)
	put(t, h, "/usr/sbin/aaduseradd", "", 0o755)
	put(t, h, "/usr/sbin/pam-auth-update", "", 0o755)
	for _, name := range []string{"aad", "unix", "deny", "permit", "nologin"} {
		put(t, h, "/usr/lib/x86_64-linux-gnu/security/pam_"+name+".so", "\x7fELF\x02"+strings.Repeat("\x00", 20)+"pam_sm_acct_mgmt\x00pam_sm_open_session\x00", 0o644)
	}
	put(t, h, "/usr/lib/x86_64-linux-gnu/libnss_aad.so.2", "", 0o644)
	put(t, h, "/var/lib/dpkg/status", "", 0o644)
	put(t, h, "/usr/bin/sudo", "", 0o755|os.ModeSetuid)
	put(t, h, "/bin/bash", "\x7fELF", 0o755)
	put(t, h, "/bin/sh", "", 0o755)
	put(t, h, "/etc/sudoers", "@includedir /etc/sudoers.d\n", 0o440)
	put(t, h, "/etc/sudoers.d/aad_admins", "%aad_admins ALL=(ALL) NOPASSWD:ALL\n", 0o440)
	put(t, h, "/etc/passwd", "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n", 0o644)
	put(t, h, "/proc/self/mountinfo", "1 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n", 0o644)
	return h
}

func of(t *testing.T, findings []check.Result, name string) check.Result {
	t.Helper()
	for _, f := range findings {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", name, findings)
	return check.Result{}
}

// look is Gather as if whoever runs the test were root.
func gather(h *host.Host) *Facts {
	f := Gather(h, nil)
	me := uint32(os.Geteuid())
	switches, _ := h.ReadFile(switchFile, fileLimit)
	mounts, _ := h.Mounts()
	f.Sudo = readSudo(h, elf.NewLoader(h), me, switches, mounts, nil)
	all, _ := parts(h, f.Files.CertHandler.Path)
	for i := range all {
		if all[i].uid == me {
			all[i].uid = 0
		}
	}
	f.Files.CertHandler.Unsafe = unsafe(all, false)
	return &f
}

func TestUnsafe(t *testing.T) {
	for _, c := range []struct {
		parts []part
		says  string
	}{
		{[]part{{path: "/a/b", uid: 0, mode: 0o755}, {path: "/a", uid: 0, mode: 0o755}, {path: "/", uid: 0, mode: 0o555}}, ""},
		{[]part{{path: "/a/b", uid: 1000, mode: 0o755}, {path: "/a", uid: 0, mode: 0o777}}, "/a/b belongs to user 1000"},
		{[]part{{path: "/a/b", uid: 0, mode: 0o755}, {path: "/a", uid: 0, mode: 0o775}}, "/a is writable"},
		{[]part{{path: "/a/b", uid: 0, mode: 0o757}}, "mode 0757"},
	} {
		if got := unsafe(c.parts, false); !strings.Contains(got, c.says) || c.says == "" && got != "" {
			t.Errorf("%v: %q", c.parts, got)
		}
	}
}

// TestUnsafeOnDebian: its sshd takes what only root's own group may write to.
func TestUnsafeOnDebian(t *testing.T) {
	for _, c := range []struct {
		part part
		safe bool
	}{
		{part{path: "/a", mode: 0o775}, true},
		{part{path: "/a", mode: 0o777}, false},
		{part{path: "/a", mode: 0o775, gid: 100}, false},
	} {
		if got := unsafe([]part{c.part}, true); (got == "") != c.safe {
			t.Errorf("%+v: %q", c.part, got)
		}
	}
}

func TestHealthy(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Assess(gather(debian(t))) {
		if f.Answer != check.Pass || f.Text == "" || seen[f.Name] {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
	}
}

func TestBroken(t *testing.T) {
	for _, c := range []struct {
		name    string
		breakIt func(t *testing.T, h *host.Host)
		finding string
		level   check.Answer
		line    int // that the text or the next step names; 0: none is looked for
		says    string
	}{
		{"pam-auth-update --remove", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/common-account", "account required pam_unix.so\n", 0o644)
		}, "pam-account", check.Fail, 0, "pam-auth-update"},
		{"auth only", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/common-auth", "auth required pam_unix.so\n", 0o644)
		}, "pam-auth", check.Warn, 0, "certificates work"},
		{"a service file that includes something else", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/sshd", "account required pam_unix.so\n", 0o644)
		}, "pam-account", check.Fail, 0, "common-account:3"},
		{"pam_deny first", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/common-account", "account required pam_deny.so\naccount required pam_aad.so\n", 0o644)
		}, "pam-account", check.Fail, 1, "pam_deny.so denies everybody"},
		{"a PATH without programs", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/common-session", "session required pam_env.so\nsession required pam_unix.so\n", 0o644)
			put(t, h, "/usr/lib/x86_64-linux-gnu/security/pam_env.so", "\x7fELF\x02"+strings.Repeat("\x00", 20)+"pam_sm_open_session\x00", 0o644)
			put(t, h, "/etc/environment", "PATH=/opt/bin\n", 0o644)
		}, "pam-session", check.Unknown, 1, "neither /usr/bin nor /bin"},
		{"the package's accounts are closed to others", func(t *testing.T, h *host.Host) {
			put(t, h, AccountsFile, "someone@example.com:x:10000:10000::/home/someone:/bin/bash\n", 0o640)
		}, "shell", check.Unknown, 0, AccountsFile},
		{"another group has the number of the administrators'", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/group", "root:x:0:\nsite:x:9999:\naad_admins:x:9999:\n", 0o644)
		}, "sudo", check.Warn, 2, "the group site"},
		{"the administrators' group is the first of its number", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/group", "aad_admins:x:9999:\nsite:x:9999:\n", 0o644)
		}, "sudo", check.Pass, 0, "may use sudo"},
		{"sudo goes to a folder that is gone", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/sudoers", "Defaults runcwd=/gone\n@includedir /etc/sudoers.d\n", 0o440)
		}, "sudo", check.Warn, 1, "runcwd /gone is not there"},
		{"a module that is gone", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/sshd", "account required pam_tally2.so\n@include common-account\n", 0o644)
		}, "pam-account", check.Fail, 1, "pam_tally2.so is not installed"},
		{"pam_permit first", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/sshd", "account sufficient pam_permit.so\n@include common-account\n", 0o644)
		}, "pam-account", check.Fail, 1, "whatever their role is"},
		{"pam_deny in the session", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/pam.d/common-session", "session required pam_deny.so\n", 0o644)
		}, "pam-session", check.Fail, 1, "pam_deny.so"},
		{"a module of nobody's", func(t *testing.T, h *host.Host) {
			put(t, h, "/usr/lib/x86_64-linux-gnu/security/pam_duo.so", "\x7fELF\x02"+strings.Repeat("\x00", 20)+"pam_sm_acct_mgmt\x00", 0o644)
			put(t, h, "/etc/pam.d/sshd", "account required pam_duo.so\n@include common-account\nsession required pam_permit.so\n", 0o644)
		}, "pam-account", check.Unknown, 1, "pam_duo.so"},
		{"included file is gone", func(t *testing.T, h *host.Host) {
			if err := os.Remove(h.Path("/etc/pam.d/common-account")); err != nil {
				t.Fatal(err)
			}
		}, "pam-account", check.Fail, 3, "common-account"},
		{"passwd rewritten", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/nsswitch.conf", "# x\npasswd: files systemd\ngroup: files aad\nshadow: files aad\n", 0o644)
		}, "nss-passwd", check.Fail, 2, "missing"},
		{"group rewritten", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/nsswitch.conf", "passwd: files aad\ngroup: files # add\nshadow: files aad\n", 0o644)
		}, "nss-group", check.Warn, 2, "missing"},
		{"shadow rewritten", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/nsswitch.conf", "passwd: files aad\ngroup: files aad\nshadow: files\n", 0o644)
		}, "nss-shadow", check.Pass, 0, "not need"},
		{"search ends before", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/nsswitch.conf", "passwd: files [NOTFOUND=return] aad\ngroup: files aad\nshadow: files aad\n", 0o644)
		}, "nss-passwd", check.Fail, 1, "files"},
		{"no nsswitch.conf", func(t *testing.T, h *host.Host) {
			if err := os.Remove(h.Path("/etc/nsswitch.conf")); err != nil {
				t.Fatal(err)
			}
		}, "nss-passwd", check.Fail, 0, "no nsswitch.conf"},
		{"handler not executable", func(t *testing.T, h *host.Host) {
			put(t, h, "/usr/sbin/aad_certhandler", "", 0o644)
		}, "cert-handler", check.Fail, 0, "not executable"},
		{"handler writable for the group", func(t *testing.T, h *host.Host) {
			put(t, h, "/usr/sbin/aad_certhandler", "", 0o775)
		}, "cert-handler", check.Fail, 0, "0775"},
		{"a folder above it is", func(t *testing.T, h *host.Host) {
			if err := os.Chmod(h.Path("/usr/sbin"), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "cert-handler", check.Fail, 0, "/usr/sbin is writable"},
		{"module gone", func(t *testing.T, h *host.Host) {
			if err := os.RemoveAll(h.Path("/usr/lib/x86_64-linux-gnu/security")); err != nil {
				t.Fatal(err)
			}
		}, "pam-module", check.Fail, 0, "missing"},
		{"/usr without exec", func(t *testing.T, h *host.Host) {
			put(t, h, "/proc/self/mountinfo", "1 1 8:1 / / rw - ext4 a rw\n2 1 8:2 / /usr rw,nosuid,noexec - ext4 b rw\n", 0o644)
		}, "nss-library", check.Fail, 0, "noexec"},
		{"sudo rule without a line end", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/sudoers.d/aad_admins", "%aad_admins ALL=(ALL) NOPASSWD: ALL", 0o440)
		}, "sudo", check.Warn, 0, "line end"},
		{"sudo rule writable", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/sudoers.d/aad_admins", "%aad_admins ALL=(ALL) ALL\n", 0o666)
		}, "sudo", check.Warn, 0, "0666"},
		{"sudo asks for a password", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/sudoers.d/aad_admins", "%aad_admins ALL=(ALL) PASSWD: ALL\n", 0o440)
		}, "sudo", check.Warn, 1, "for a password"},
		{"the rule was renamed", func(t *testing.T, h *host.Host) {
			if err := os.Rename(h.Path("/etc/sudoers.d/aad_admins"), h.Path("/etc/sudoers.d/aad_admins.off")); err != nil {
				t.Fatal(err)
			}
		}, "sudo", check.Warn, 0, "sudo mv /etc/sudoers.d/aad_admins.off"},
		{"the rule was moved to another folder, under a name that is left out", func(t *testing.T, h *host.Host) {
			if err := os.Remove(h.Path("/etc/sudoers.d/aad_admins")); err != nil {
				t.Fatal(err)
			}
			put(t, h, "/etc/sudoers", "@includedir /etc/sudoers.d\n@includedir /etc/sudoers.local\n", 0o440)
			put(t, h, "/etc/sudoers.local/aad_admins.off", "%aad_admins ALL=(ALL) NOPASSWD: ALL\n", 0o440)
		}, "sudo", check.Warn, 0, "sudo mv /etc/sudoers.local/aad_admins.off"},
		{"sudoers without the folder", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/sudoers", "# includedir /etc/sudoers.d\n", 0o440)
		}, "sudo", check.Warn, 0, "includedir"},
		{"SELinux enforcing without the module", func(t *testing.T, h *host.Host) {
			put(t, h, "/sys/fs/selinux/enforce", "1", 0o644)
			put(t, h, "/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n", 0o644)
			put(t, h, "/var/lib/selinux/targeted/active/modules/100/ssh/cil", "", 0o644)
			put(t, h, "/var/lib/selinux/mls/active/modules/400/aad_permissions/cil", "", 0o644)
		}, "selinux", check.Fail, 0, "aad_permissions"},
		{"SELinux permissive without it", func(t *testing.T, h *host.Host) {
			put(t, h, "/sys/fs/selinux/enforce", "0", 0o644)
			put(t, h, "/etc/selinux/targeted/active/modules/100/ssh/cil", "", 0o644)
		}, "selinux", check.Warn, 0, "permissive"},
		{"SELinux without a store", func(t *testing.T, h *host.Host) {
			put(t, h, "/sys/fs/selinux/enforce", "1", 0o644)
		}, "selinux", check.Unknown, 0, "semodule"},
		{"same name", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/aadpasswd", "a@b.c:x:5000:5000::/home/a:/bin/sh\nA@b.c:x:5001:5001::/home/a:/bin/sh\n", 0o644)
		}, "accounts", check.Warn, 2, "line 1"},
		{"an account's shell is gone", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/aadpasswd", "a@b.c:x:5000:5000::/home/a:/bin/bash\nd@b.c:x:5001:5001::/home/d:/bin/zsh\n", 0o644)
		}, "shell", check.Warn, 2, "/bin/zsh of d@b.c"},
		{"everybody's shell is gone", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/aadpasswd", "a@b.c:x:5000:5000::/home/a:/bin/bash\n", 0o644)
			if err := os.Remove(h.Path("/bin/bash")); err != nil {
				t.Fatal(err)
			}
		}, "shell", check.Fail, 1, "is not there"},
		{"new people's shell cannot be run", func(t *testing.T, h *host.Host) {
			put(t, h, "/bin/bash", "", 0o644)
		}, "shell", check.Unknown, 0, "cannot be run"},
		{"same id as a local user", func(t *testing.T, h *host.Host) {
			put(t, h, "/etc/aadpasswd", "a@b.c:x:1000:5000::/home/a:/bin/sh\n", 0o644)
		}, "accounts", check.Warn, 1, "bob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := debian(t)
			c.breakIt(t, h)
			got := of(t, Assess(gather(h)), c.finding)
			if got.Answer != c.level || c.line > 0 && !regexp.MustCompile("(:|line |')"+strconv.Itoa(c.line)+`(\b|c)`).MatchString(got.Text+" "+got.Next) || !strings.Contains(got.Text+got.Next, c.says) || strings.Contains(got.Text+got.Next, "\n") {
				t.Errorf("%+v", got)
			}
			if got.Answer == check.Fail && got.Next == "" {
				t.Error("no next step")
			}
		})
	}
}

func TestSELinuxModule(t *testing.T) {
	for _, store := range []string{"/etc/selinux/targeted/active/modules/400/aad_permissions", "/var/lib/selinux/targeted/active/modules/400/aad_permissions/cil", "/etc/selinux/targeted/modules/active/modules/aad_permissions.pp"} {
		h := debian(t)
		put(t, h, "/sys/fs/selinux/enforce", "1\n", 0o644)
		put(t, h, "/etc/selinux/config", "SELINUXTYPE=targeted\n", 0o644)
		put(t, h, store, "", 0o644)
		if got := readSELinux(h); !got.Module || !got.Enforcing || got.assess().Answer != check.Pass {
			t.Errorf("%s: %+v", store, got)
		}
	}
}

func TestMounts(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, "/proc/1/mountinfo", "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /mnt/a\\040b noexec - x y z\n3 1 8:3 / /usr noexec - x y z\n4 1 8:4 / /usr rw - x y z\ngarbage\n", 0o444)
	put(t, h, "/mnt/a b/deep/x", "", 0o755)
	for link, to := range map[string]string{"/opt": "/mnt/a b", "/srv": "opt/deep", "/circle": "circle", "/mnt/a b/up": "../../usr"} {
		if err := os.Symlink(to, h.Path(link)); err != nil {
			t.Fatal(err)
		}
	}
	m, err := h.Mounts()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"/mnt/a b/x": "/mnt/a b", "/mnt/a bc": "", "/usr/sbin/x": "", "/": "",
		"/opt/deep/x": "/mnt/a b", "/srv/x": "/mnt/a b", "/srv/missing/y": "/mnt/a b", "/opt/up/bin": "", "/circle/x": ""} {
		if got := m.NoExec(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestMountsAreReadOnce: the file can have thousands of lines.
func TestMountsAreReadOnce(t *testing.T) {
	h := hosttest.New(t).Host()
	const name = "/proc/1/mountinfo"
	put(t, h, name, "1 1 8:1 / / rw - ext4 a rw\n", 0o644)
	put(t, h, "/etc/pam.d/sshd", "account required pam_unix.so\n", 0o644)
	watch, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(watch)
	if _, err := unix.InotifyAddWatch(watch, h.Path(name), unix.IN_CLOSE_NOWRITE|unix.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	Gather(h, nil)
	events := make([]byte, 4096)
	n, _ := unix.Read(watch, events)
	if opened := n / unix.SizeofInotifyEvent / 2; opened != 1 { // opened and closed; equal events one after the other are one
		t.Errorf("it was read %d times", opened)
	}
}
