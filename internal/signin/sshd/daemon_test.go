package sshd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/host/hosttest"
)

// TestWhoseDaemon: another user's listening program that is named sshd is not used,
// whatever its PID. A daemon that the administrator has built is used, with its own
// configuration file.
func TestWhoseDaemon(t *testing.T) {
	h := hosttest.New(t).Host()
	process := func(pid, uid, inode int, exe string) {
		dir := fmt.Sprintf("/proc/%d", pid)
		put(t, h, dir+"/comm", "sshd\n", 0o644)
		put(t, h, dir+"/status", fmt.Sprintf("Name:\tsshd\nUid:\t%d\t%[1]d\t%[1]d\t%[1]d\nNoNewPrivs:\t%d\nSeccomp:\t0\n", uid, inode%2), 0o644)
		put(t, h, dir+"/cmdline", strings.TrimSuffix(exe, " (deleted)")+"\x00-D\x00-o\x00AllowUsers=u"+fmt.Sprint(pid)+"\x00", 0o644)
		if err := os.MkdirAll(h.Path(dir+"/fd"), 0o755); err != nil {
			t.Fatal(err)
		}
		for link, to := range map[string]string{"/exe": exe, "/fd/3": fmt.Sprintf("socket:[%d]", inode)} {
			if err := os.Symlink(to, h.Path(dir+link)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, h, "/proc/net/tcp", "  0: 00000000:08AE 0:0 0A 0:0 0:0 0 0 0 71 1 0\n  1: 00000000:0016 0:0 0A 0:0 0:0 0 0 0 72 1 0\n", 0o644)
	process(71, 1000, 71, "/home/mallory/sshd")
	process(72, 0, 72, "/opt/openssh/sbin/sshd (deleted)")
	put(t, h, "/opt/openssh/sbin/sshd", "\x7fELF /opt/openssh/etc/sshd_config\x00/etc/x\x00", 0o755)
	d := findDaemon(h)
	if d.NoNewPrivileges {
		t.Error("another process has given up the right to become root")
	}
	put(t, h, "/proc/72/status", "Uid:\t0\t0\t0\t0\nNoNewPrivs:\t1\nSeccomp:\t0\n", 0o644)
	if !findDaemon(h).NoNewPrivileges {
		t.Error("it has given up the right to become root")
	}
	for label, want := range map[string]string{"/usr/sbin/sshd (enforce)\n": "/usr/sbin/sshd", "sshd (complain)\n": "", "unconfined\n": "", "system_u:system_r:sshd_t:s0-s0:c0.c1023\x00": "", "docker-default (enforce)\n": ""} {
		put(t, h, "/proc/1/attr/current", "docker-default (enforce)\n", 0o644)
		put(t, h, "/proc/72/attr/current", label, 0o644)
		if got := findDaemon(h).Profile; got != want {
			t.Errorf("%q: %q", label, got)
		}
	}
	if d.PID != 72 || fmt.Sprint(d.Own) != "[0.0.0.0:22]" || fmt.Sprint(d.Command) != "[-o AllowUsers=u72]" {
		t.Errorf("%+v", d)
	}
	// Files of a test belong to whoever runs it.
	if os.Geteuid() == 0 && d.Binary != "/opt/openssh/sbin/sshd" {
		t.Errorf("the program is %q", d.Binary)
	}
	if got := configPath(h, nil, "/opt/openssh/sbin/sshd"); got != "/opt/openssh/etc/sshd_config" {
		t.Errorf("its file is %s", got)
	}
	if err := os.Chmod(filepath.Dir(h.Path("/opt/openssh/sbin/sshd")), 0o777); err != nil {
		t.Fatal(err)
	}
	if d = findDaemon(h); d.Binary != "" {
		t.Errorf("%s can be changed by others", d.Binary)
	}
}
