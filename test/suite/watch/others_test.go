//go:build rig

package watch_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"aadssh/status"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// asNobody runs a Python program as nobody, until the machine ends.
func (s *booted) asNobody(program string) {
	s.T.Helper()
	s.Do("setpriv --reuid=65534 --regid=65534 --clear-groups python3 -c '" + program + "' >/dev/null 2>&1 &")
}

// TestOthersDoNotSilenceTheWatch: nobody holds a lock of each kind on the files that
// package managers lock; a fault is still reported, and repaired.
func TestOthersDoNotSilenceTheWatch(t *testing.T) {
	s := enabledPersona(t, roots.RHEL("9.4"), settings)
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer")
	s.asNobody(`import fcntl,glob,time
held=[]
for path in glob.glob("/var/lib/rpm/.rpm.lock")+glob.glob("/usr/lib/sysimage/rpm/.rpm.lock"):
    f=open(path); fcntl.lockf(f,fcntl.LOCK_SH); held.append(f)
print(len(held)); open("/tmp/held","w").write(str(len(held))); time.sleep(1000)`)
	s.Do("until [ -s /tmp/held ]; do sleep 0.05; done; [ \"$(cat /tmp/held)\" -ge 1 ]")
	s.Do("(echo 'AllowGroups sudo'; cat /etc/ssh/sshd_config) > /root/c; cat /root/c > /etc/ssh/sshd_config")
	s.check()
	if r := s.status(0); r.Code != 21 || !strings.Contains(r.Message, "AllowGroups") {
		t.Errorf("the check says %d %s", r.Code, r.Message)
	}
}

// TestRootAtWorkKeepsTheRepairWaiting: while root holds a package manager's lock, a failure
// is reported when it was found twice, and repaired when the lock is free.
func TestRootAtWorkKeepsTheRepairWaiting(t *testing.T) {
	s := enabled(t, settings)
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer")
	s.Must(s.WriteFile("/root/holder", []byte(scene.LockHolder), 0o644))
	s.Do("python3 /root/holder >/dev/null 2>&1 & echo $! >/run/holder; until [ -e " + scene.Held + " ]; do sleep 0.05; done")
	s.Do(resetSSH)
	s.check()
	if r := s.status(0); !success(r) {
		t.Errorf("the first check says %d %s", r.Code, r.Message)
	}
	s.check()
	if r := s.status(0); r.Level != status.Failure || r.Code != 21 {
		t.Errorf("the second check says %s %d %s", r.Level, r.Code, r.Message)
	}
	s.Do("kill $(cat /run/holder)")
	s.check()
	s.await("put back", 0, repaired)
}

// TestProgramIsRootsAlone: if a group can write to /usr/local, the watch's program moves to
// a folder that it cannot write, and back.
func TestProgramIsRootsAlone(t *testing.T) {
	s := enabled(t, settings)
	s.Do("chgrp 50 /usr/local && chmod g+w /usr/local")
	s.operate("enable", 0, 0)
	m := monitor(s.status(0))
	if !strings.HasPrefix(m, "warning ") || !strings.Contains(m, "others than root can write to /usr/local") {
		t.Errorf("monitor says %s", m)
	}
	if got := s.sh("ls /usr/local/bin/aadsshlogin-handler; grep -h ^ExecStart= /etc/systemd/system/aadsshlogin-handler*.service"); !strings.Contains(got, "No such file") || strings.Count(got, "ExecStart=/usr/sbin/aadsshlogin-handler ") != 2 {
		t.Errorf("there is %s", got)
	}
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path; (echo 'AllowGroups sudo'; cat /etc/ssh/sshd_config) > /root/c; cat /root/c > /etc/ssh/sshd_config")
	s.check()
	if r := s.status(0); r.Code != 21 {
		t.Errorf("a check from there says %d %s", r.Code, r.Message)
	}
	s.Do("sed -i 1d /etc/ssh/sshd_config; chown root: /usr/local && chmod go-w /usr/local")
	s.operate("enable", 0, 0)
	if got := s.sh("ls /usr/sbin/aadsshlogin-handler; grep -h ^ExecStart= /etc/systemd/system/aadsshlogin-handler*.service"); !strings.Contains(got, "No such file") || strings.Count(got, "ExecStart=/usr/local/bin/aadsshlogin-handler ") != 2 {
		t.Errorf("after it was repaired there is %s", got)
	}
}

// TestExposure: systemd's own rating of the units, from 0 to 10. A check needs the network,
// root's read access and a mount namespace; the repair runs package managers, which inherit
// the unit's restrictions.
func TestExposure(t *testing.T) {
	s := enabled(t, settings)
	for unit, most := range map[string]float64{"aadsshlogin-handler.service": 3.5, "aadsshlogin-handler-repair.service": 9.6} {
		out := s.sh("systemd-analyze security --no-pager " + unit + " | tail -n 1")
		m := regexp.MustCompile(`: (\d+\.\d)`).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("%s: %s", unit, out)
		}
		score, err := strconv.ParseFloat(m[1], 64)
		stage.Must(t, err)
		t.Logf("%s: %.1f", unit, score)
		if score > most {
			t.Errorf("%s: %.1f, more than %.1f", unit, score, most)
		}
	}
}
