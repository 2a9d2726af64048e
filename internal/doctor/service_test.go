package doctor

import (
	"strings"
	"testing"

	"aadssh/internal/preflight"
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
		want    preflight.Answer
		next    string
	}{
		{"runs", unit("active", "enabled"), nil, preflight.Pass, ""},
		{"waits for a socket", unit("inactive", "disabled"), []systemd.UnitState{socket}, preflight.Pass, ""},
		{"stopped", unit("inactive", "enabled"), nil, preflight.Fail, "systemctl start ssh"},
		{"crashed", unit("failed", "enabled"), nil, preflight.Fail, "journalctl -u ssh"},
		{"masked", masked, nil, preflight.Fail, "systemctl unmask ssh"},
		{"no unit", none, nil, preflight.Fail, "openssh-server"},
		{"not after a boot", unit("active", "disabled"), nil, preflight.Warn, "systemctl enable ssh"},
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
		if r.Answer != preflight.Unknown || !strings.Contains(r.Text, "not known: systemd does not answer") || !strings.Contains(r.Next, "sudo systemctl") {
			t.Errorf("systemd is silent, and it says: %+v", r)
		}
	}
	if r := sshService(&machine{}); r != nil {
		t.Errorf("without systemd: %v", r)
	}
}
