//go:build rig

package watch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"aadssh/status"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/load"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// TestDropped: an agent that drops the handler runs none of its commands. The watch removes
// itself, repairs nothing and creates nothing in the agent's folders.
func TestDropped(t *testing.T) {
	s := enabled(t, settings)
	s.rest()
	s.Do("rm -rf " + s.dir + "; systemctl stop aadsshlogin-handler.path; " + resetSSH)
	s.check()
	if got := s.sh("ls -d /usr/local/bin/aadsshlogin-handler /etc/systemd/system/aadsshlogin* /etc/systemd/system/*/aadsshlogin* " + s.dir + " 2>/dev/null"); got != "" {
		t.Errorf("there is still:\n%s", got)
	}
	if got := s.sh("systemctl list-units --all --no-legend 'aadsshlogin*'"); got != "" {
		t.Errorf("systemd still knows:\n%s", got)
	}
	if got := s.sh("grep -c aad_certhandler /etc/ssh/sshd_config"); got != "0" {
		t.Error("it was repaired")
	}
}

// TestOnlyItsNumber: a check reports under the sequence number that enable recorded, and is
// skipped while another run has the lock.
func TestOnlyItsNumber(t *testing.T) {
	s := enabled(t, settings)
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path")
	stage.Must(t, s.WriteFile(s.dir+"/status/1.status", []byte("[]"), 0o600))
	stage.Must(t, s.WriteFile(s.dir+"/status/2.status", []byte("[]"), 0o600))
	s.Do("(echo 'AllowGroups sudo'; cat /etc/ssh/sshd_config) > /root/c; cat /root/c > /etc/ssh/sshd_config")
	s.Do("flock -x /run/aadsshlogin-handler.lock systemctl start aadsshlogin-handler.service")
	if r := s.status(0); !success(r) {
		t.Errorf("a check did not wait for the lock's holder: %s", s.written)
	}
	s.check()
	if r := s.status(0); r.Code != 21 {
		t.Errorf("the check says %d %s", r.Code, r.Message)
	}
	if got := s.sh("cat " + s.dir + "/status/1.status " + s.dir + "/status/2.status; ls -A " + s.dir + "/status"); got != "[][]0.status\n1.status\n2.status" {
		t.Errorf("the status folder holds:\n%s", got)
	}
}

// TestWithoutSettings: the agent reads no status file, and the check creates none: it
// reports with events and in the journal.
func TestWithoutSettings(t *testing.T) {
	s := enabled(t, "")
	s.rest()
	s.Do("rm -f " + s.dir + "/status/* /var/log/azure/" + agentrun.Handler + "/events/*; systemctl stop aadsshlogin-handler.path")
	s.Do("(echo 'AllowGroups sudo'; cat /etc/ssh/sshd_config) > /root/c; cat /root/c > /etc/ssh/sshd_config")
	s.check()
	if got := s.sh("ls -A " + s.dir + "/status"); got != "" {
		t.Errorf("the status folder holds %s", got)
	}
	if got := s.sh("cat /var/log/azure/" + agentrun.Handler + "/events/*"); !strings.Contains(got, "AllowGroups") || strings.Count(got, "TaskName") != 1 {
		t.Errorf("the events are:\n%s", got)
	}
	if got := s.sh("journalctl --no-pager -u aadsshlogin-handler.service"); !strings.Contains(got, "error 21: AllowGroups") {
		t.Errorf("the journal says:\n%s", got)
	}
	s.check()
	if got := s.sh("ls /var/log/azure/" + agentrun.Handler + "/events | wc -l"); got != "1" {
		t.Errorf("the same verdict was reported %s times", got)
	}
	s.Do("sed -i 1d /etc/ssh/sshd_config && systemctl reload ssh")
	s.check()
	if got := s.sh("journalctl --no-pager -u aadsshlogin-handler.service | tail -n 5"); !strings.Contains(got, "success 0: People can sign in") {
		t.Errorf("the journal says:\n%s", got)
	}
}

// TestTransactionOutlivesEnable: a transaction that outlives enable's budget continues, and
// the watch reports its result.
func TestTransactionOutlivesEnable(t *testing.T) {
	s := boot(t)
	s.Must(s.Offer(t.Context(), fixtures.Spec{Name: fixtures.Login, Version: scene.Version, Hold: "/root/hold"}))
	s.deliver(settings)
	s.Do("touch /root/hold")
	s.state("Installed")
	s.Do(fmt.Sprintf("env ConfigSequenceNumber=0 %s/bin/aadsshlogin-handler enable --timeout %s; [ $? = 31 ]", s.dir, load.Budget(25*time.Second)))
	s.state("Enabled")
	r := s.status(0)
	if r.Code != 31 || !strings.Contains(monitor(r), "This machine is checked") {
		t.Fatalf("enable says %d %s\n%s", r.Code, r.Message, monitor(r))
	}
	s.check()
	if r := s.status(0); r.Code != 31 {
		t.Errorf("while the transaction runs the status is %d %s", r.Code, r.Message)
	}
	s.Do("rm /root/hold")
	s.await("its result", 0, success)
	s.Do("aaduseradd " + person)
	if !s.signIn() {
		t.Error("the person does not get in")
	}
}

// TestNoWatch: what prevents the watch is reported, and none of its files is left.
func TestNoWatch(t *testing.T) {
	s := enabled(t, settings)
	off := func() string {
		return s.sh("ls /usr/local/bin/aadsshlogin-handler /etc/systemd/system/aadsshlogin* /etc/systemd/system/*/aadsshlogin* 2>/dev/null")
	}
	t.Run("switched off", func(t *testing.T) {
		stage.Must(t, s.WriteFile(s.dir+"/config/1.settings", []byte(strings.Replace(settings, `"publicSettings": {}`, `"publicSettings": {"monitor": "off"}`, 1)), 0o600))
		s.operate("enable", 1, 0)
		if m := monitor(s.status(1)); !strings.HasPrefix(m, "success This machine is not watched") || off() != "" {
			t.Errorf("monitor says %q; there is %s", m, off())
		}
	})
	t.Run("every 30 minutes", func(t *testing.T) {
		for minutes, sequence := range map[string]int{"30": 2} {
			stage.Must(t, s.WriteFile(s.dir+"/config/2.settings", []byte(strings.Replace(settings, `"publicSettings": {}`, `"publicSettings": {"monitor": `+minutes+`}`, 1)), 0o600))
			s.operate("enable", sequence, 0)
		}
		if got := s.sh("systemctl show -p TimersMonotonic aadsshlogin-handler.timer"); !strings.Contains(got, "30min") || !strings.Contains(monitor(s.status(2)), "every 30 minutes") {
			t.Errorf("the timer is %s", got)
		}
	})
	t.Run("only the timer", func(t *testing.T) {
		s.Do("mkdir -p /etc/systemd/system/aadsshlogin-handler.path.d && printf '[Unit]\nRequisite=missing.service\nAfter=missing.service\n' > /etc/systemd/system/aadsshlogin-handler.path.d/broken.conf && systemctl daemon-reload && systemctl stop aadsshlogin-handler.path")
		s.operate("enable", 0, 0)
		if m := monitor(s.status(0)); !strings.Contains(m, "warning This machine is checked every 15 minutes, but not when a file") || s.sh("systemctl is-active aadsshlogin-handler.timer") != "active" {
			t.Errorf("monitor says %q", m)
		}
		s.Do("rm -r /etc/systemd/system/aadsshlogin-handler.path.d")
		s.operate("enable", 0, 0)
		if m := monitor(s.status(0)); !strings.Contains(m, "success This machine is checked every 15 minutes, and when a file") {
			t.Errorf("monitor says %q", m)
		}
	})
	t.Run("read-only", func(t *testing.T) {
		s.Do("mount --bind /usr/local/bin /usr/local/bin && mount -o remount,bind,ro /usr/local/bin")
		defer s.Do("umount /usr/local/bin")
		s.Do("systemctl stop aadsshlogin-handler.timer")
		s.operate("enable", 0, 0) // its copy exists
		s.Do("umount /usr/local/bin; rm /usr/local/bin/aadsshlogin-handler; mount --bind /usr/local/bin /usr/local/bin && mount -o remount,bind,ro /usr/local/bin")
		s.operate("enable", 0, 0)
		if r := s.status(0); r.Level != status.Success || !strings.Contains(monitor(r), "warning Nothing checks this machine") || !strings.Contains(monitor(r), "/usr/local/bin is read-only") || off() != "" {
			t.Errorf("monitor says %q; there is %s", monitor(r), off())
		}
	})
}

// TestUpgrade: the next version's enable replaces the units, and the old version's
// uninstall removes none of them.
func TestUpgrade(t *testing.T) {
	s := enabled(t, settings)
	old, next := s.dir, agentrun.Dir("1.0.2.0")
	s.dir = next
	s.deliver(settings)
	s.dir = old
	s.operate("disable", 0, 0)
	s.state("Installed")
	s.dir = next
	s.operate("update", 0, 0, "VERSION=1.0.2.0")
	s.dir = old
	s.operate("uninstall", 0, 0)
	s.Do("rm -rf " + old)
	s.dir = next
	s.operate("install", 0, 0)
	s.state("Installed")
	s.operate("enable", 0, 0)
	s.state("Enabled")
	if got := s.Do("grep -h ReadWritePaths /etc/systemd/system/aadsshlogin-handler.service; cat /var/lib/aadsshlogin-handler/watch.json"); strings.Contains(got, old) || strings.Count(got, next) != 2 {
		t.Errorf("the watch is for:\n%s", got)
	}
	s.Do(resetSSH)
	s.await("put back", 0, repaired)
}

// TestSandbox: a check can write only what it has to, and it can ask an sshd that nobody
// has started since boot, so that its folder is missing.
func TestSandbox(t *testing.T) {
	s := enabled(t, settings)
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer; systemctl disable --now ssh.service; systemctl start ssh.socket; rm -rf /run/sshd")
	s.Do("(echo 'AllowGroups sudo'; cat /etc/ssh/sshd_config) > /root/c; cat /root/c > /etc/ssh/sshd_config")
	s.check()
	if r := s.status(0); r.Code != 21 || !strings.Contains(r.Message, "AllowGroups") {
		t.Errorf("the check says %d %s", r.Code, r.Message)
	}
	if got := s.sh("ls -d /run/sshd"); !strings.Contains(got, "No such file") {
		t.Error("the check made /run/sshd")
	}
	s.Do("mkdir -p /etc/systemd/system/aadsshlogin-handler.service.d; printf '[Service]\\nExecStart=\\nExecStart=/bin/sh -c \"for d in / /etc /etc/ssh /usr/sbin /var/lib /root /home /opt; do touch $$d/sandbox && echo wrote $$d; done; touch /run/sandbox && echo may write /run\"\\n' > /etc/systemd/system/aadsshlogin-handler.service.d/try.conf; systemctl daemon-reload; systemctl start aadsshlogin-handler.service")
	if got := s.sh("journalctl --no-pager -t aadsshlogin-handler -o cat | grep -E 'wrote|may write'"); got != "may write /run" {
		t.Errorf("in the sandbox: %s", got)
	}
}
