//go:build rig

package hostile

import (
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestDiskFillsDuringATransaction: the disk, which also has the status, becomes full when
// the package manager starts, and stays full whatever is freed. The status agrees with the
// exit code.
func TestDiskFillsDuringATransaction(t *testing.T) {
	families(t, func(t *testing.T, p roots.Persona) {
		s := newMachine(t, scene.Options{Persona: p, Packages: []fixtures.Spec{login(newer)}, Box: small("200m")})
		s.Deliver()
		s.Shf("mount -t tmpfs tmpfs /var/log; mkdir -p %s/events", stage.Logs) // where the agent writes the telemetry
		s.Write("/dev/fill", "while :; do dd if=/dev/zero bs=64K; dd if=/dev/zero bs=1; : > /dev/filled; sleep 0.01; done >> /fill 2>/dev/null\n")
		program := "/usr/bin/" + strings.Fields(bare(p.Family))[0]
		s.Shf("mv %[1]s %[1]s.real; printf '#!/bin/sh\n[ -e /dev/filler ] || { sh /dev/fill & echo $! > /dev/filler; until [ -e /dev/filled ]; do sleep 0.05; done; }\nexec %[1]s.real \"$@\"\n' > %[1]s; chmod 755 %[1]s", program)
		v := s.Want(30)
		if !strings.Contains(v.Next(), "df -h") {
			t.Errorf("nothing says how to see what is full: %s", v.Next())
		}
		s.Fails("dd if=/dev/zero of=/more bs=64K count=1")
		s.Shf("kill $(cat /dev/filler); while pgrep -x dd >/dev/null; do sleep 0.05; done; rm -f /fill /more; mv %[1]s.real %[1]s", program)
		s.Want(0)
		s.Has(fixtures.Login, newer)
		if left := s.Shf("find / -xdev -name '.*~' ! -path '/proc/*'"); left != "" {
			t.Errorf("temporary files are left: %s", left)
		}
	})
}

// TestNoRoomForAnotherStatus: there is no space for a second file next to the status, so
// the last report overwrites the first one, and is true.
func TestNoRoomForAnotherStatus(t *testing.T) {
	s := newMachine(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
	s.Deliver()
	s.Shf("mount -t tmpfs -o nr_inodes=2 tmpfs %s/status", stage.Home)
	s.Want(0)
	s.Has(fixtures.Login, newer)
	s.Fails("touch %s/status/second", stage.Home)
	s.Shf("rm /etc/apt/sources.list.d/aadsshlogin.list; dpkg --purge %s", fixtures.Login)
	s.Offer() // nothing: another verdict for the same sequence number
	s.Shf("rm -rf /var/lib/aadsshlogin-handler/packages /var/cache/apt/archives/*.deb")
	s.Want(28)
}

// TestNoFileMayBeOpened: a process that may open almost no file can read almost nothing of
// the machine. It reports that, whatever the limit is.
func TestNoFileMayBeOpened(t *testing.T) {
	for _, limit := range []string{"6", "7", "8", "9", "10", "12"} {
		t.Run(limit, func(t *testing.T) {
			s := newMachine(t, scene.Options{Packages: []fixtures.Spec{login(newer)}})
			s.Deliver()
			s.wrap("ulimit -n " + limit)
			report, err := s.Agent.Apply(t.Context(), s.Goal())
			s.Must(err)
			run, e := report.Runs[len(report.Runs)-1], report.Extension
			said := run.Stdout + run.Stderr
			if run.ExitCode == 0 || !strings.Contains(strings.ToLower(said), "open") || strings.Contains(said, "os-release from") {
				t.Errorf("exit %d: %s", run.ExitCode, said)
			}
			if e != nil && !e.FromAgent && e.Code != run.ExitCode {
				t.Errorf("exit %d, but the status is %s %d: %s", run.ExitCode, e.Status, e.Code, e.Message)
			}
			t.Logf("exit %d: %s", run.ExitCode, said)
			s.Shf("mv %[1]s/bin/real %[1]s/bin/aadsshlogin-handler", stage.Home)
			s.Want(0)
			s.Has(fixtures.Login, newer)
		})
	}
}
