package doctor

import (
	"strings"
	"testing"

	"aadssh/internal/check"
	"aadssh/internal/signin/sshd"
	"aadssh/internal/systemd"
)

func TestSSHService(t *testing.T) {
	unit := func(active, file string) systemd.UnitState {
		return systemd.UnitState{Name: "ssh.service", Load: "loaded", Active: active, File: file}
	}
	socket := systemd.UnitState{Name: "ssh.socket", Load: "loaded", Active: "active", File: "enabled"}
	none := systemd.UnitState{Load: "not-found", Active: "inactive"}
	masked := systemd.UnitState{Name: "ssh.service", Load: "masked", Active: "inactive", File: "masked"}
	for _, c := range []struct {
		name    string
		daemon  systemd.UnitState
		sockets []systemd.UnitState
		want    check.Answer
		next    string
	}{
		{"runs", unit("active", "enabled"), nil, check.Pass, ""},
		{"waits for a socket", unit("inactive", "disabled"), []systemd.UnitState{socket}, check.Pass, ""},
		{"stopped", unit("inactive", "enabled"), nil, check.Fail, "systemctl start ssh"},
		{"crashed", unit("failed", "enabled"), nil, check.Fail, "journalctl -u ssh"},
		{"masked", masked, nil, check.Fail, "systemctl unmask ssh"},
		{"no unit", none, nil, check.Fail, "openssh-server"},
		{"not after a boot", unit("active", "disabled"), nil, check.Warn, "systemctl enable ssh"},
	} {
		var m machine
		m.SSHD = sshd.Facts{Binary: "/usr/sbin/sshd", Unit: "ssh", Daemon: sshd.Daemon{PID: 7}}
		m.service = service{known: true, daemon: c.daemon, sockets: c.sockets}
		if r := sshService(&m)[0]; r.Answer != c.want || !strings.Contains(r.Next, c.next) {
			t.Errorf("%s: %s: %s > %s", c.name, r.Answer, r.Text, r.Next)
		}
	}
	quiet := machine{service: service{err: systemd.ErrSilent}}
	quiet.SSHD.Binary = "/usr/sbin/sshd"
	for _, r := range sshService(&quiet) {
		if r.Answer != check.Unknown || !strings.Contains(r.Text, "not known: systemd does not answer") || !strings.Contains(r.Next, "sudo systemctl") {
			t.Errorf("systemd is silent, and it says: %+v", r)
		}
	}
	if r := sshService(&machine{}); r != nil {
		t.Errorf("without systemd: %v", r)
	}
}
