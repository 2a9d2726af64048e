package sshd

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/host/hosttest"
)

// TestServiceUnit: with what sshd would be started, on a machine that systemd has booted
// and on which no sshd runs. test/suite/watch tests the same with systemd and ssh.
func TestServiceUnit(t *testing.T) {
	const (
		vendor = "/usr/lib/systemd/system/ssh.service"
		each   = "/usr/lib/systemd/system/ssh@.service"
		dropin = "/etc/systemd/system/ssh.service.d/site.conf"
		stock  = "[Unit]\nExecStart=no\n[Service]\nEnvironmentFile=-/etc/default/ssh\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n"
	)
	for _, c := range []struct {
		name    string
		files   map[string]string
		each    bool
		options string
		unfit   string
		at      string // of the first option or fault
	}{
		{"as it is shipped", map[string]string{vendor: stock}, false, "", "", ""},
		{"its file of variables", map[string]string{vendor: stock, "/etc/default/ssh": "# x\nSSHD_OPTS='-o MaxSessions=0 -4'\n"}, false, "-o MaxSessions=0 -o AddressFamily=inet", "", "/etc/default/ssh:2"},
		{"the file of another family's unit", map[string]string{vendor: stock, "/etc/sysconfig/sshd": "OPTIONS=-o MaxSessions=0\n"}, false, "", "", ""},
		{"a drop-in", map[string]string{vendor: stock, dropin: "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D \\\n # no\n  -f /etc/ssh/site -o 'MaxSessions 0'\n"}, false, "-f /etc/ssh/site -o MaxSessions 0", "", dropin + ":3"},
		{"a drop-in with a second one", map[string]string{vendor: stock, dropin: "[Service]\nExecStart=/usr/sbin/sshd -D -ddd\n"}, false, "", "ExecStart= is the second", dropin + ":2"},
		{"a variable of the unit", map[string]string{vendor: stock, dropin: "[Service]\nEnvironment=A=b \"SSHD_OPTS=-o MaxSessions=0\"\n"}, false, "-o MaxSessions=0", "", dropin + ":2"},
		{"the file wins", map[string]string{vendor: stock, dropin: "[Service]\nEnvironment=SSHD_OPTS=-4\n", "/etc/default/ssh": "SSHD_OPTS=-6\n"}, false, "-o AddressFamily=inet6", "", "/etc/default/ssh:1"},
		{"no file any more", map[string]string{vendor: stock, dropin: "[Service]\nEnvironmentFile=\nEnvironment=SSHD_OPTS=-4\n", "/etc/default/ssh": "SSHD_OPTS=-6\n"}, false, "-o AddressFamily=inet", "", dropin + ":3"},
		{"another file", map[string]string{vendor: stock, dropin: "[Service]\nEnvironmentFile=/etc/site\n", "/etc/site": "SSHD_OPTS=-6\n"}, false, "-o AddressFamily=inet6", "", "/etc/site:1"},
		{"another file, which is gone", map[string]string{vendor: stock, dropin: "[Service]\nEnvironmentFile=/etc/site\n"}, false, "", "EnvironmentFile=/etc/site is not there", dropin + ":2"},
		{"one word with braces", map[string]string{vendor: stock, dropin: "[Service]\nEnvironment=P=2222\nExecStart=\nExecStart=@/usr/sbin/sshd sshd -D -oPort=${P}\n"}, false, "-o Port=2222", "", dropin + ":4"},
		{"a log that cannot be", map[string]string{vendor: stock, dropin: "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -E /gone/log\n"}, false, "", "-E /gone/log cannot be used: there is no folder /gone", dropin + ":3"},
		{"for each connection", map[string]string{vendor: stock, each: "[Service]\nExecStart=-/usr/sbin/sshd -i $SSHD_OPTS -o MaxSessions=0\n", dropin: "[Service]\nEnvironment=SSHD_OPTS=-4\n"}, true, "-o MaxSessions=0", "-i does not let it stay", each + ":2"},
		{"a condition that is not met", map[string]string{vendor: stock, dropin: "[Unit]\nConditionPathExists=/etc/go\n"}, false, "", "ConditionPathExists=/etc/go is not met", dropin + ":2"},
		{"a condition that was taken back", map[string]string{vendor: stock, dropin: "[Unit]\nConditionPathExists=/etc/go\nConditionHost=\n"}, false, "", "", ""},
		{"a file that must not be there", map[string]string{vendor: "[Unit]\nConditionPathExists=!/etc/ssh/sshd_not_to_be_run\n" + stock, "/etc/ssh/sshd_not_to_be_run": ""}, false, "", "ConditionPathExists=!/etc/ssh/sshd_not_to_be_run is not met", vendor + ":2"},
		{"a unit that is required", map[string]string{vendor: stock, dropin: "[Unit]\nRequires=basic.target site.service\n"}, false, "", "Requires=basic.target site.service needs a unit that is not there", dropin + ":2"},
		{"a program before it", map[string]string{vendor: stock, dropin: "[Service]\nExecStartPre=/opt/check x\n"}, false, "", "ExecStartPre=/opt/check x is not there", dropin + ":2"},
		{"a program before it that may be missing", map[string]string{vendor: stock, dropin: "[Service]\nExecStartPre=-/opt/check x\n"}, false, "", "", ""},
		{"a drop-in of all services", map[string]string{vendor: stock, "/etc/systemd/system/service.d/x.conf": "[Service]\nEnvironment=SSHD_OPTS=-4\n"}, false, "-o AddressFamily=inet", "", "/etc/systemd/system/service.d/x.conf:2"},
		{"a program around it", map[string]string{vendor: "[Service]\nExecStart=/opt/start-sshd\n", "/etc/default/ssh": "SSHD_OPTS=-6\n"}, false, "-o AddressFamily=inet6", "", "/etc/default/ssh:1"},
	} {
		h := hosttest.New(t).Host()
		for name, text := range c.files {
			put(t, h, name, text, 0o644)
		}
		d := &Daemon{Expected: true}
		if c.each {
			d.Unit = SocketUnit{Name: "ssh.socket", Each: true, Open: []netip.AddrPort{netip.MustParseAddrPort("[::]:22")}}
			d.Command = []string{"-o", "AllowUsers=x"} // of one on another port
		}
		_, options, sources := daemonOptions(h, d, "ssh")
		unfit, at := "", ""
		for _, s := range sources {
			if s.Unfit.Option != "" && unfit == "" {
				unfit = s.Unfit.Option + " " + s.Unfit.Why
			}
			if at == "" && (len(s.Options) > 0 || s.Unfit.Option != "") {
				at = fmt.Sprintf("%s:%d", s.File, s.Line)
			}
		}
		if got := strings.Join(options, " "); got != c.options || !strings.HasPrefix(unfit, c.unfit) || c.unfit == "" && unfit != "" || at != c.at {
			t.Errorf("%s: %q, %q, %s", c.name, got, unfit, at)
		}
	}
}

// TestMaskedUnit: what would not help, "systemctl start", is not said.
func TestMaskedUnit(t *testing.T) {
	h := hosttest.New(t).Host()
	put(t, h, "/usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n", 0o644)
	dir := filepath.Join(h.Root, "etc/systemd/system")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/null", filepath.Join(dir, "ssh.service")); err != nil {
		t.Fatal(err)
	}
	put(t, h, "/dev/null", "", 0o644)
	f := Facts{Unit: "ssh", Daemon: Daemon{Expected: true}}
	_, f.Options, f.Sources = daemonOptions(h, &f.Daemon, f.Unit)
	if got := f.notRunning(check.Result{}, []uint16{22}, nil); !strings.Contains(got.Text, "its unit is masked (/etc/systemd/system/ssh.service)") || got.Next != "Run: sudo systemctl unmask ssh && sudo systemctl enable --now ssh" {
		t.Errorf("%+v", got)
	}
}

// TestUnitWithoutOption: what takes an option out leaves a unit that starts.
func TestUnitWithoutOption(t *testing.T) {
	for want, s := range map[string]Source{
		"s/^\\s*ExecStart\\s*=/#&/' /etc/systemd/system/ssh.service.d/x.conf && sudo systemctl daemon-reload && sudo systemctl restart ssh": {Key: "ExecStart", File: "/etc/systemd/system/ssh.service.d/x.conf", Line: 3},
		"out of /etc/systemd/system/ssh.service, line 9, then run: sudo systemctl daemon-reload && sudo systemctl restart ssh":              {Key: "ExecStart", File: "/etc/systemd/system/ssh.service", Line: 9},
		"'3s/^/#/' /etc/systemd/system/ssh.service.d/x.conf && sudo systemctl daemon-reload && sudo systemctl restart ssh":                  {Key: "Environment", File: "/etc/systemd/system/ssh.service.d/x.conf", Line: 3},
		"'3s/^/#/' /etc/default/ssh && sudo systemctl restart ssh":                                                                          {File: "/etc/default/ssh", Line: 3},
	} {
		if got := s.without("ssh"); !strings.HasSuffix(got, want) {
			t.Errorf("%q", got)
		}
	}
}
