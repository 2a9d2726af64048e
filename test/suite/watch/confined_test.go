//go:build rig

package watch_test

import (
	"cmp"
	"strings"
	"testing"

	"aadssh/test/lib/roots"
	"aadssh/test/lib/wire"
)

// TestConfinedUnit: a restriction of sshd's unit is named if people cannot sign in because
// of it, and not otherwise.
func TestConfinedUnit(t *testing.T) {
	s := enabledPersona(t, roots.Debian(roots.Bookworm), settings)
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; systemctl stop ssh.socket; mkdir -p /etc/systemd/system/ssh.service.d")
	for _, c := range confinements() {
		t.Run(c.line, func(t *testing.T) {
			s.T = t
			s.Do("cd /etc/systemd/system; rm -rf service.d ssh.service.d sshd.service.d *.slice.d; f=" + cmp.Or(c.file, "ssh.service.d/site.conf") +
				"; mkdir -p $(dirname $f); printf '[Service]\\n" + c.line + "\\n' > $f; systemctl daemon-reload; systemctl reset-failed ssh; systemctl restart ssh || true")
			in := s.signInAt(wire.Guest, 22)
			if in != c.in && !c.any {
				t.Errorf("sign-in: %v", in)
			}
			said := s.operate("enable", 0, c.code)
			warned := said
			for _, sub := range s.status(0).Substatuses {
				if sub.Level != "success" {
					warned += sub.Message + "\n"
				}
			}
			if c.names == "" && (!strings.HasPrefix(said, "People can sign in") || strings.Contains(warned, "=")) || !strings.Contains(warned, c.names) {
				t.Errorf("enable says %s\nand warns: %s", said, warned)
			}
		})
	}
}

type confinement struct {
	line  string
	file  string // below /etc/systemd/system; "": a drop-in of the unit
	in    bool
	any   bool // systemd does not apply it in the container of the tests
	code  int
	names string
}

func confinements() []confinement {
	return []confinement{
		{line: "IPAddressDeny=any", any: true, names: "IPAddressDeny="},
		{line: "TasksMax=1", any: true, names: "TasksMax="},
		{line: "MemoryMax=1M", any: true, names: "MemoryMax="},
		{line: "User=nobody", code: 21, names: "User="},
		{line: "CapabilityBoundingSet=~CAP_SETUID", names: "CapabilityBoundingSet="},
		{line: "CapabilityBoundingSet=~CAP_SYS_CHROOT", names: "CapabilityBoundingSet="},
		{line: "LimitNOFILE=8", names: "LimitNOFILE="},
		{line: "LimitNOFILE=65536", in: true},
		{line: "TasksMax=infinity", in: true},
		{line: "InaccessiblePaths=/home", in: true},
		{line: "ProtectHome=yes", in: true},
		{line: "ProtectSystem=yes", in: true},
		{line: "ProtectSystem=full", in: true, names: "ProtectSystem="},
		{line: "ReadOnlyPaths=/etc", in: true, names: "ReadOnlyPaths="},
		{line: "PrivateUsers=yes", code: 21, names: "PrivateUsers="},
		{line: "PrivateUsers=yes\\nPrivateUsers=no", in: true},
		{line: "SystemCallFilter=~@setuid", code: 21, names: "SystemCallFilter="},
		{line: "RestrictAddressFamilies=AF_UNIX", code: 21, names: "RestrictAddressFamilies="},
		{line: "PrivateTmp=yes", in: true},
		{line: "InaccessiblePaths=/usr/sbin/aad_certhandler", names: "InaccessiblePaths="},
		{line: "PrivateUsers=yes", file: "sshd.service.d/site.conf", code: 21, names: "PrivateUsers="},
		{line: "LimitNOFILE=8", file: "service.d/site.conf", names: "LimitNOFILE="},
		{line: "LimitSTACK=16K", code: 21, names: "LimitSTACK="},
		{line: "SocketBindDeny=any", any: true, names: "SocketBindDeny="},
		{line: "[Slice]\\nTasksMax=2", file: "user-.slice.d/site.conf", any: true, names: "TasksMax="},
		{line: "[Slice]\\nMemoryMax=64K", file: "user.slice.d/site.conf", any: true, names: "MemoryMax="},
		{line: "[Slice]\\nIPAddressDeny=any", file: "system.slice.d/site.conf", any: true, names: "IPAddressDeny="},
		{line: "[Slice]\\nTasksMax=40%%", file: "user-.slice.d/site.conf", in: true},
		{line: "PrivateDevices=yes", in: true},
		{line: "ProtectKernelTunables=yes\\nProtectKernelModules=yes\\nProtectControlGroups=yes\\nRestrictNamespaces=yes\\nLockPersonality=yes", in: true},
		{line: "[Unit]\\nConditionPathExists=!/etc/passwd", code: 21, names: "ConditionPathExists=!/etc/passwd"},
		{line: "[Unit]\\nConditionPathExists=/etc/gone", code: 21, names: "ConditionPathExists=/etc/gone"},
		{line: "[Unit]\\nRequires=gone.service", code: 21, names: "gone.service"},
		{line: "ExecStartPre=/opt/gone", code: 21, names: "ExecStartPre=/opt/gone"},
		{line: "WorkingDirectory=/opt/gone", code: 21, names: "WorkingDirectory=/opt/gone"},
	}
}
