//go:build rig

package watch_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"aadssh/status"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/stage"
)

// copied is the path of setup's copy of the program.
const copied = "/usr/local/bin/aadsshlogin-handler"

// goneHome waits until the person runs no process any more.
func (s *booted) goneHome() {
	s.T.Helper()
	s.Await("! pgrep -U " + person)
}

// TestRemoveWhileSignedIn: nobody's session is ended. remove then changes nothing, and the
// command that it names does all of it later.
func TestRemoveWhileSignedIn(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	before := s.inventory()
	s.run(0, program+" setup")
	s.Do("aaduseradd " + person)
	s.Do("setsid setpriv --reuid=" + person + " --clear-groups sleep 300 >/dev/null 2>&1 < /dev/null & until pgrep -U " + person + " >/dev/null; do sleep 0.05; done")
	s.rest()
	out := s.run(26, copied+" remove")
	if !strings.Contains(out, person+" is signed in") || !strings.Contains(out, "sudo "+copied+" remove") {
		t.Errorf("remove says: %s", out)
	}
	s.Do("systemctl is-active aadsshlogin-handler.timer aadsshlogin-handler.path; test -x /usr/sbin/aad_certhandler; test -x " + copied)
	s.Do("pkill -U " + person + "; true")
	s.goneHome()
	s.run(0, copied+" remove")
	if after := s.inventory(); after != before {
		t.Errorf("the machine is not as it was:\n%s", difference(before, after))
	}
}

// TestRemoveRefused: if the package manager refuses, the program stays, so that the command
// that remove names can be run again.
func TestRemoveRefused(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	before := s.inventory()
	s.run(0, program+" setup")
	s.rest()
	s.Do("chmod a-x /usr/bin/dpkg-query; mv /var/lib/dpkg/info/aadsshlogin.prerm /root/prerm; printf '#!/bin/sh\\nexit 7\\n' > /var/lib/dpkg/info/aadsshlogin.prerm; chmod 755 /var/lib/dpkg/info/aadsshlogin.prerm; chmod a+x /usr/bin/dpkg-query")
	out := s.run(26, copied+" remove")
	if !strings.Contains(out, "sudo "+copied+" remove") || strings.Contains(out, " setup") || strings.Contains(out, "xtension") {
		t.Errorf("remove says: %s", out)
	}
	s.Do("mv /root/prerm /var/lib/dpkg/info/aadsshlogin.prerm")
	s.run(0, copied+" remove")
	if after := s.inventory(); after != before {
		t.Errorf("the machine is not as it was:\n%s", difference(before, after))
	}
}

// withoutSystemd runs a command in a machine in which systemd is not visible.
func withoutSystemd(command string) string {
	return "unshare -m sh -c 'mount -t tmpfs none /run/systemd && exec " + command + "'"
}

// TestSetupWithoutSystemd: setup works all the same, and says what is missing.
func TestSetupWithoutSystemd(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			program := s.program("1.0.0.0")
			before := s.inventory()
			s.run(0, withoutSystemd(program+" setup"))
			if m := monitor(s.setUp(0)); !strings.HasPrefix(m, "warning Nothing checks this machine") || !strings.Contains(m, "systemd does not run here") {
				t.Errorf("monitor: %s", m)
			}
			s.Do("systemctl restart ssh || systemctl restart sshd") // the person who started it starts it again
			s.Do("aaduseradd " + person)
			if !s.signIn() {
				t.Error("the person does not get in")
			}
			s.run(0, withoutSystemd(program+" status"))
			s.goneHome()
			s.run(0, withoutSystemd(program+" remove"))
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}

// TestSetupWithoutSystemdOrIdentity: nothing will finish the installation, and the text
// does not promise it.
func TestSetupWithoutSystemdOrIdentity(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	if out := s.run(22, withoutSystemd(program+" setup")); strings.Contains(out, "watch") || !strings.Contains(out, "sudo "+program+" setup") {
		t.Errorf("setup says: %s", out)
	}
	s.run(0, program+" remove")
}

// TestSetupOnClone: the copy of a disk that was set up starts as another machine. The watch
// continues; what was on the disk counts as found there, and remove says so.
func TestSetupOnClone(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.run(0, program+" setup")
	s.Do("aaduseradd " + person)
	s.rest()
	s.Do("systemd-id128 new > /etc/machine-id")
	stage.Must(t, s.PowerCut(t.Context()))
	stage.Must(t, s.Boot(t.Context()))
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web2")))
	s.Await("systemctl is-active -q ssh")
	s.rest()
	s.check()
	if r := s.setUp(0); !success(r) || !s.signIn() {
		t.Errorf("on the copy: %d %s", r.Code, r.Message)
	}
	s.Do(resetSSH)
	s.await("put back", 0, repaired)
	s.rest()
	s.run(0, copied+" setup")
	s.goneHome()
	if out := s.run(0, copied+" remove"); !strings.Contains(out, "aadsshlogin stays") || !strings.Contains(out, "sudo apt-get purge aadsshlogin") {
		t.Errorf("remove says: %s", out)
	}
	s.Do("test -x /usr/sbin/aad_certhandler; ! test -e " + copied + "; ! test -e /var/lib/aadsshlogin-handler")
}

// TestFirstInstallationFails: if the watch's first installation fails, the status says when
// it was tried, and a day later it is tried again.
func TestFirstInstallationFails(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	s.run(22, program+" setup")
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer") // the test starts each check itself
	s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
	s.Packages.Down()
	s.check()
	s.check()
	failed := func(r status.Report) bool {
		return r.Code == 20 && strings.Contains(r.Message, "the watch tries once in 24 hours")
	}
	s.dir = setupDir
	s.check()
	s.await("failed", 0, failed)
	stage.Must(t, s.Packages.Up())
	s.check()
	if r := s.setUp(0); !failed(r) {
		t.Errorf("within the day: %d %s", r.Code, r.Message)
	}
	s.Do(`sed -i "s/\"time\": *\"[^\"]*\"/\"time\":\"$(date -u -d '25 hours ago' +%Y-%m-%dT%H:%M:%SZ)\"/" /var/lib/aadsshlogin-handler/looks.json; cat /var/lib/aadsshlogin-handler/looks.json`)
	s.check()
	s.await("installed", 0, success)
	s.Do("aaduseradd " + person)
	if !s.signIn() {
		t.Error("the person does not get in")
	}
}

// TestSetupReadOnly: if /usr is read-only nothing is installed, and the text says why; a
// machine that is set up stays so, and a newer program learns where its copy could not be
// written.
func TestSetupReadOnly(t *testing.T) {
	s := boot(t)
	older, newer := s.program("1.0.0.0"), s.program("1.0.1.0")
	before := s.inventory()
	const lock, unlock = "mount --bind /usr /usr && mount -o remount,ro,bind /usr", "umount -l /usr"
	s.Do(lock)
	if out := s.run(30, older+" setup"); !strings.Contains(out, "read-only") || !strings.Contains(out, "sudo "+older+" setup") {
		t.Errorf("setup says: %s", out)
	}
	s.Do(unlock)
	s.run(0, older+" setup")
	s.rest()
	s.Do(lock)
	s.run(0, older+" setup")
	if m := monitor(s.setUp(0)); !strings.HasPrefix(m, "success") {
		t.Errorf("monitor: %s", m)
	}
	s.run(0, newer+" setup")
	if m := monitor(s.setUp(0)); !strings.Contains(m, "/usr/local/bin is read-only") {
		t.Errorf("monitor: %s", m)
	}
	if out := s.run(2, copied+" remove"); !strings.Contains(out, "belongs to setup of version 1.0.1.0") || !strings.Contains(out, "sudo "+newer+" remove") {
		t.Errorf("the older copy says: %s", out)
	}
	s.Do(unlock)
	s.run(0, newer+" remove")
	if after := s.inventory(); after != before {
		t.Errorf("the machine is not as it was:\n%s", difference(before, after))
	}
}

// TestSetupNoexec: if the copy cannot be run there is no watch, and no copy; also if it
// could be run when it was written, and only the mount has changed since.
func TestSetupNoexec(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.Do("mount -t tmpfs -o noexec,mode=755 none /usr/local/bin")
	s.run(0, program+" setup")
	if m := monitor(s.setUp(0)); !strings.HasPrefix(m, "warning Nothing checks") || !strings.Contains(m, "findmnt -T "+copied) || !strings.Contains(m, "sudo "+program+" setup") {
		t.Errorf("monitor: %s", m)
	}
	gone := "! ls /etc/systemd/system/aadsshlogin* 2>/dev/null; ! test -e " + copied
	s.Do(gone)
	s.run(0, program+" status")
	s.Do("umount /usr/local/bin")
	s.run(0, program+" setup")
	if m := monitor(s.setUp(0)); !strings.HasPrefix(m, "success") {
		t.Errorf("monitor, if the copy can be run: %s", m)
	}
	s.Do("mount --bind /usr/local/bin /usr/local/bin; mount -o remount,bind,noexec /usr/local/bin")
	s.run(0, program+" setup")
	if m := monitor(s.setUp(0)); !strings.HasPrefix(m, "warning Nothing checks") {
		t.Errorf("monitor, if the copy can no longer be run: %s", m)
	}
	s.Do(gone)
	s.run(0, program+" remove")
}

// TestSetupOnArc: people connect to an Arc-enabled server through its agent, which also
// provides its identity.
func TestSetupOnArc(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	service := s.arc()
	before := s.inventory()
	s.run(0, program+" setup")
	s.Do("aaduseradd " + person)
	s.keysInside()
	s.Do("ssh -F none -i /root/keys/user -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -l " + person + " localhost id -un; rm -r /root/keys")
	s.rest()
	s.check() // the agent must be reachable in its sandbox too
	if r := s.setUp(0); !success(r) || !strings.HasPrefix(monitor(r), "success") {
		t.Errorf("after a check: %d %s\n%s", r.Code, r.Message, monitor(r))
	}
	s.run(0, copied+" status")
	service.Always(metadata.TokenPath, metadata.NoIdentity())
	if n := len(s.Metadata.Requests()); n != 0 {
		t.Errorf("the service of Azure VMs was asked %d times", n)
	}
	s.goneHome()
	s.run(0, copied+" remove")
	if after := s.inventory(); after != before {
		t.Errorf("the machine is not as it was:\n%s", difference(before, after))
	}
	for _, r := range service.Unexpected() {
		t.Errorf("unexpected request to the Arc agent: %s", r)
	}
}

// TestSetupDryRunIsPlan: setup --dry-run shows the same as plan, before an installation,
// after it, and if it would be refused.
func TestSetupDryRunIsPlan(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			program := s.program("1.0.0.0")
			same := func(when, plan string, code int) (steps []any) {
				t.Helper()
				var plans [2]map[string]any
				for i, command := range []string{" setup --dry-run --json", plan + " --json"} {
					stage.Must(t, json.Unmarshal([]byte(s.run(code, program+command+" 2>/dev/null")), &plans[i]))
				}
				if !reflect.DeepEqual(plans[0]["steps"], plans[1]["steps"]) || (plans[0]["refused"] == nil) != (plans[1]["refused"] == nil) {
					t.Errorf("%s setup would do\n%v\nand plan says\n%v", when, plans[0], plans[1])
				}
				steps, _ = plans[0]["steps"].([]any)
				return steps
			}
			before := s.inventory()
			s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
			same("without an identity", " plan --newest", 22)
			s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
			if steps := same("before", " plan --newest", 0); len(steps) == 0 {
				t.Error("nothing would be done")
			}
			if after := s.inventory(); after != before {
				t.Errorf("something was changed:\n%s", difference(before, after))
			}
			s.run(0, program+" setup")
			// The same version again updates nothing, like enable.
			if steps := same("after", " plan", 0); len(steps) != 0 {
				t.Errorf("after setup there is still to do: %v", steps)
			}
		})
	}
}
