//go:build rig

package watch_test

import (
	"fmt"
	"strings"
	"testing"

	"aadssh/internal/names"
	"aadssh/status"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// setupDir is setup's folder for what an agent would prepare.
const setupDir = "/var/lib/aadsshlogin-handler/setup"

// families are a Debian, a RHEL-like and a SUSE-like machine.
func families() []roots.Persona {
	return []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")}
}

// program copies the program in a version to the machine.
func (s *booted) program(version string) string {
	s.T.Helper()
	binary, err := scene.BuildAs(version)
	s.Must(err)
	path := "/root/aadsshlogin-handler-" + version
	s.Must(s.WriteFile(path, binary, 0o755))
	return path
}

// run runs a command as a person and expects this exit code.
func (s *booted) run(want int, command string) string {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), "sh", "-c", command)
	if err != nil || r.ExitCode != want {
		s.T.Fatalf("%s: %v, exit %d, want %d\n%s\n%s", command, err, r.ExitCode, want, r.Output(), s.sh("tail -n 40 "+setupDir+"/log/handler.log"))
	}
	return strings.TrimSpace(r.Output())
}

// setUp is setup's status.
func (s *booted) setUp(sequence int) status.Report {
	s.T.Helper()
	s.dir = setupDir
	return s.status(sequence)
}

// inventory is the part of the machine that a removal has to restore.
func (s *booted) inventory() string {
	s.T.Helper()
	return s.sh(`{ dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' 2>/dev/null; rpm -qa 2>/dev/null | grep -v gpg-pubkey; } | grep -v '^libc-bin' | sort
find /etc /usr/local /root /opt /var/lib -xdev \( -type f -o -type l -o -type d \) 2>/dev/null |
	grep -vE '/var/lib/(apt|dpkg|rpm|dnf|zypp|systemd|dbus|pam|private)(/|$)|/etc/(ld.so.cache|aad|.*-$|.pwd.lock|.updated)|/usr/lib/sysimage|YaST2|handler-1|/etc/apt/apt.conf.d|__db' | sort
sha256sum /etc/ssh/sshd_config /etc/nsswitch.conf; find /etc/pam.d -type f | sort | xargs sha256sum`)
}

// TestSetup: one command sets up a machine without an agent and, run a second time, reports
// the same without changing anything; and one command removes everything.
func TestSetup(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			program := s.program("1.0.0.0")
			before := s.inventory()
			if out := s.run(0, program+" status"); !strings.Contains(out, "setup was not run on it") {
				t.Errorf("status before: %s", out)
			}
			if out := s.run(0, program+" setup --dry-run"); !strings.Contains(out, "aadsshlogin") || s.inventory() != before {
				t.Errorf("the plan is, and something may have changed:\n%s", out)
			}
			if out := s.run(0, program+" setup"); !strings.Contains(out, "People can sign in") {
				t.Errorf("setup says: %s", out)
			}
			s.Do("aaduseradd " + person)
			if !s.signIn() {
				t.Fatal("the person does not get in")
			}
			if m := monitor(s.setUp(0)); !strings.HasPrefix(m, "success This machine is checked") {
				t.Errorf("monitor: %s", m)
			}
			stamp := func() string {
				return s.sh("find /etc /usr/local/bin /var/lib/aadsshlogin-handler -type f -newer /root/stamp | grep -vE 'status$|handler.log|setup/status|ld.so.cache'")
			}
			s.rest()
			s.Do("touch /root/stamp; sleep 1")
			s.run(0, program+" setup")
			if changed := stamp(); changed != "" {
				t.Errorf("setup on a machine that is set up wrote:\n%s", changed)
			}
			copied := "/usr/local/bin/aadsshlogin-handler"
			if out := s.run(0, copied+" status"); !strings.Contains(out, "setup, version 1.0.0.0") || !strings.Contains(out, "Setup: 0 ok") {
				t.Errorf("status: %s", out)
			}
			if out := s.sh(copied + " doctor --skip network-repository,network-role-check,network-login --json"); !strings.Contains(out, "Setup of version 1.0.0.0 owns this machine") || strings.Contains(out, "extension again") {
				t.Errorf("doctor: %s", out)
			}
			// What setup left behind is reinstalled without setup.
			s.Do(resetSSH)
			s.await("put back", 0, repaired)
			s.rest()
			if !s.signIn() {
				t.Error("the person does not get in after the repair")
			}
			s.goneHome()
			s.Do("rm /root/stamp")
			if out := s.run(0, copied+" remove"); !strings.Contains(out, "as it was before setup") {
				t.Errorf("remove says: %s", out)
			}
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
			if out := s.run(0, program+" remove"); !strings.Contains(out, "nothing of setup") {
				t.Errorf("a second remove says: %s", out)
			}
		})
	}
}

// difference are the lines that are in only one of two texts.
func difference(before, after string) string {
	var b strings.Builder
	for _, side := range []struct{ mark, of, other string }{{"-", before, after}, {"+", after, before}} {
		for line := range strings.Lines(side.of) {
			if !strings.Contains("\n"+side.other+"\n", "\n"+strings.TrimSpace(line)+"\n") {
				fmt.Fprintf(&b, "%s %s\n", side.mark, strings.TrimSpace(line))
			}
		}
	}
	return b.String()
}

// TestSetupWithoutIdentity: 22 leaves the watch and no packages, and the watch finishes the
// first installation once two checks have found the identity.
func TestSetupWithoutIdentity(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			program := s.program("1.0.0.0")
			s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
			if out := s.run(22, program+" setup"); strings.Contains(out, "extension again") || !strings.Contains(out, program+" setup") {
				t.Errorf("setup says: %s", out)
			}
			absent := func(when string) {
				t.Helper()
				if got := s.sh("ls /usr/sbin/aad_certhandler"); !strings.Contains(got, "No such file") {
					t.Errorf("%s the packages are there", when)
				}
			}
			absent("after 22")
			s.Do("test -x /usr/local/bin/aadsshlogin-handler && systemctl is-active aadsshlogin-handler.timer")
			s.run(22, "/usr/local/bin/aadsshlogin-handler status")
			s.rest()
			s.check()
			absent("after a check without an identity")
			s.Metadata.Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
			s.check()
			absent("after the first check with it")
			if r := s.setUp(0); r.Code != 22 {
				t.Errorf("after the first check the status is %d %s", r.Code, r.Message)
			}
			s.check()
			s.dir = setupDir
			s.await("installed", 0, success)
			s.Do("aaduseradd " + person)
			if !s.signIn() {
				t.Error("the person does not get in")
			}
		})
	}
}

// guard makes the machine check all the time whether the packages are there, and reports
// when they were not.
func (s *booted) guard() (end func() string) {
	s.T.Helper()
	// It starts no program for a look, or it would keep one processor busy: read waits for a
	// pipe in which nothing comes.
	s.Do(`cat > /root/guard <<'END'
#!/bin/bash
exec 9<> <(:)
while [ ! -e /root/guard.end ]; do
	n=$((n+1))
	[ -x /usr/sbin/aad_certhandler ] || echo "the program was gone at $(date +%T.%N)"
	[[ $(</etc/ssh/sshd_config) = *aad_certhandler* ]] || echo "sshd did not know it at $(date +%T.%N)"
	read -r -t 0.005 -u 9
done
echo "looked $n times"
END
chmod +x /root/guard; rm -f /root/guard.end; setsid /root/guard > /root/guard.out 2>&1 < /dev/null &`)
	return func() string {
		s.Do("touch /root/guard.end")
		s.Await("grep -q '^looked ' /root/guard.out")
		s.Do("rm /root/guard /root/guard.end")
		out := s.Do("cat /root/guard.out; rm /root/guard.out")
		s.T.Log(out)
		lines := strings.Split(out, "\n")
		return strings.Join(lines[:len(lines)-1], "\n")
	}
}

// TestSetupUpgrade: another version takes over without a moment without the packages; an
// older one changes nothing, except with --allow-downgrade.
func TestSetupUpgrade(t *testing.T) {
	for _, p := range families() {
		t.Run(p.Name, func(t *testing.T) {
			s := bootPersona(t, p)
			older, newer := s.program("1.0.0.0"), s.program("1.0.1.0")
			before := s.inventory()
			s.run(0, older+" setup")
			s.rest()
			end := s.guard()
			s.run(0, newer+" setup")
			if got := s.Do("/usr/local/bin/aadsshlogin-handler version"); got != "1.0.1.0" {
				t.Errorf("the copy is version %s", got)
			}
			if out := s.run(0, older+" setup"); !strings.Contains(out, "belongs to setup of version 1.0.1.0") {
				t.Errorf("the older version says: %s", out)
			}
			if out := s.run(2, older+" remove"); !strings.Contains(out, "belongs to setup of version 1.0.1.0, so nothing was removed") {
				t.Errorf("the older version says: %s", out)
			}
			if got := s.Do("/usr/local/bin/aadsshlogin-handler version"); got != "1.0.1.0" {
				t.Errorf("the copy is version %s", got)
			}
			s.run(0, older+" setup --allow-downgrade")
			if got := s.Do("/usr/local/bin/aadsshlogin-handler version"); got != "1.0.0.0" {
				t.Errorf("the copy is version %s", got)
			}
			if gaps := end(); gaps != "" {
				t.Errorf("on the way:\n%s", gaps)
			}
			s.rest()
			s.run(0, newer+" remove")
			if after := s.inventory(); after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}

// TestSetupAndOurExtension: the extension owns the machine, and setup changes nothing.
func TestSetupAndOurExtension(t *testing.T) {
	s := enabled(t, settings)
	program := s.program("9.0.0.0")
	s.rest()
	list := func() string {
		return s.sh("find /var/lib/aadsshlogin-handler /usr/local/bin /etc/systemd/system -printf '%p %T@\n' | grep -v looks | sort")
	}
	before := list()
	if out := s.run(0, program+" setup"); !strings.Contains(out, "belongs to the VM extension "+agentrun.Handler+", version "+scene.HandlerVersion) || !strings.Contains(out, "nothing was changed") {
		t.Errorf("setup says: %s", out)
	}
	if out := s.run(2, program+" remove"); !strings.Contains(out, "belongs to the VM extension "+agentrun.Handler) {
		t.Errorf("remove says: %s", out)
	}
	if after := list(); after != before {
		t.Errorf("something was changed:\n%s", difference(before, after))
	}
	if out := s.run(0, program+" status"); !strings.Contains(out, agentrun.Handler+" "+scene.HandlerVersion) {
		t.Errorf("status: %s", out)
	}
}

// TestExtensionAfterSetup: the extension takes the machine over, and gives it back when it
// is removed; remove then removes the rest.
func TestExtensionAfterSetup(t *testing.T) {
	for _, dropped := range []bool{false, true} {
		t.Run(map[bool]string{false: "deleted", true: "dropped by the agent"}[dropped], func(t *testing.T) {
			s := boot(t)
			program := s.program("1.0.0.0")
			before := s.inventory()
			s.run(0, program+" setup")
			s.Do("aaduseradd " + person)
			s.rest()
			s.dir = agentrun.Dir(scene.HandlerVersion)
			s.deliver(settings)
			end := s.guard()
			s.operate("install", 0, 0)
			s.state("Installed")
			s.operate("enable", 0, 0)
			s.state("Enabled")
			s.rest()
			if out := s.run(0, program+" setup"); !strings.Contains(out, "belongs to the VM extension") {
				t.Errorf("setup says: %s", out)
			}
			if dropped {
				s.Do("rm -rf " + s.dir)
				s.check()
			} else {
				s.operate("disable", 0, 0)
				s.operate("uninstall", 0, 0)
				s.Do("rm -rf " + s.dir)
			}
			if gaps := end(); gaps != "" {
				t.Errorf("on the way:\n%s", gaps)
			}
			if !s.signIn() {
				t.Error("the person does not get in")
			}
			if out := s.run(0, "/usr/local/bin/aadsshlogin-handler status"); !strings.Contains(out, "setup, version") {
				t.Errorf("status: %s", out)
			}
			s.rest()
			s.Do(resetSSH)
			s.dir = setupDir
			s.await("put back", 0, repaired)
			s.rest()
			s.goneHome()
			s.Do("rm -rf /var/log/azure")
			s.run(0, "/usr/local/bin/aadsshlogin-handler remove")
			s.Do("rm -rf /var/lib/waagent")
			if after := s.inventory(); after != strings.ReplaceAll(before, "/var/lib/waagent\n", "") && after != before {
				t.Errorf("the machine is not as it was:\n%s", difference(before, after))
			}
		})
	}
}

// TestReturnToSetupHalfWatched: if the extension gives the machine back and the watch
// cannot be installed completely, because the machine has no inotify instances left for
// example, the return has ended all the same, and what is missing is reported with what to
// do.
func TestReturnToSetupHalfWatched(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.run(0, program+" setup")
	s.rest()
	s.deliver(settings)
	s.operate("install", 0, 0)
	s.state("Installed")
	s.operate("enable", 0, 0)
	s.state("Enabled")
	s.rest()
	const refuse = "/etc/systemd/system/aadsshlogin-handler.path.d"
	s.Do("mkdir " + refuse + "; printf '[Unit]\nAssertPathExists=/nowhere\n' > " + refuse + "/x.conf")
	s.operate("disable", 0, 0)
	out := s.operate("uninstall", 0, 0)
	for _, want := range []string{"belongs to setup again", "but not when a file that matters changes", "systemctl status aadsshlogin-handler.path"} {
		if !strings.Contains(out, want) {
			t.Errorf("uninstall does not say %q: %s", want, out)
		}
	}
	s.Do("rm -rf " + s.dir + "; ! test -e /var/lib/aadsshlogin-handler/receipt.setup.json; systemctl is-active aadsshlogin-handler.timer")
	s.Do("rm -r " + refuse + "; systemctl daemon-reload; systemctl reset-failed; rm -rf /var/log/azure")
	s.run(0, copied+" setup")
	if m := monitor(s.setUp(0)); !strings.HasPrefix(m, "success") {
		t.Errorf("monitor: %s", m)
	}
}

// TestSetupAndMicrosoftsExtension: its packages count as found. Its upgrade removes them
// for a moment and its deletion for good, and the watch does not react to either at the
// first check.
func TestSetupAndMicrosoftsExtension(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.run(0, program+" setup") // only to get the package's file
	s.Do("cp /var/lib/aadsshlogin-handler/packages/aadsshlogin_*.deb /root/theirs.deb")
	s.run(0, "/usr/local/bin/aadsshlogin-handler remove")
	theirs := "/var/lib/waagent/" + names.Microsoft().Full() + "-"
	register := func(version, state string) {
		t.Helper()
		stage.Must(t, s.WriteFile(theirs+version+"/config/HandlerState", []byte(state), 0o600))
		stage.Must(t, s.WriteFile(theirs+version+"/HandlerEnvironment.json", []byte(agentrun.Environment(version)), 0o600))
	}
	install := "dpkg -i /root/theirs.deb >/dev/null; systemctl reload ssh"
	purge := "dpkg --purge aadsshlogin >/dev/null && systemctl reload ssh"
	register("1.0.3162.1", "Enabled")
	s.Do(install)
	s.run(0, program+" setup")
	s.rest()
	if out := s.sh("/usr/local/bin/aadsshlogin-handler doctor --only handler --json"); !strings.Contains(out, names.Microsoft().Full()+", version 1.0.3162.1 (another program's handler)") {
		t.Errorf("doctor: %s", out)
	}
	there := func() bool { return !strings.Contains(s.sh("ls /usr/sbin/aad_certhandler"), "No such") }
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer") // the test starts each check itself

	// An upgrade: the old version was removed, the new one is not installed yet.
	register("1.0.3307.1", "NotInstalled")
	s.Do("rm -r " + theirs + "1.0.3162.1; " + purge)
	for range 3 {
		s.check()
		if there() || !success(s.setUp(0)) {
			t.Error("a check during the upgrade reinstalled the packages, or reported that they are missing")
		}
	}
	s.Do(install)
	register("1.0.3307.1", "Enabled")
	s.check()
	if !success(s.setUp(0)) {
		t.Error("after the upgrade something is wrong with the machine")
	}

	// Somebody removed only the package: it is reinstalled at the second check.
	s.Do(purge)
	s.check()
	if there() {
		t.Error("the first check reinstalled the package")
	}
	s.check()
	s.await("put back", 0, repaired)
	s.rest()

	// remove leaves what belongs to it; and setup can be run again.
	if out := s.run(0, "/usr/local/bin/aadsshlogin-handler remove"); !there() || !strings.Contains(out, "The packages stay") {
		t.Errorf("remove says: %s", out)
	}
	s.run(0, program+" setup")
	s.rest()
	s.Do("systemctl stop aadsshlogin-handler.path aadsshlogin-handler.timer")

	// The extension was deleted together with its packages.
	s.Do("rm -r " + theirs + "1.0.3307.1; " + purge)
	s.check()
	if r := s.setUp(0); !success(r) || there() {
		t.Errorf("after the first check: %d %s", r.Code, r.Message)
	}
	s.check()
	if r := s.setUp(0); r.Code != 21 || !strings.Contains(r.Message, "setup stands down") || there() {
		t.Errorf("after the second check: %d %s", r.Code, r.Message)
	}
	if got := s.sh("ls /etc/systemd/system | grep aadsshlogin"); got != "" {
		t.Errorf("there are still the units %s", got)
	}
	s.run(0, "/usr/local/bin/aadsshlogin-handler remove")
	if got := s.sh("ls -d /var/lib/aadsshlogin-handler /usr/local/bin/aadsshlogin-handler"); strings.Count(got, "No such file") != 2 {
		t.Errorf("after remove there is %s", got)
	}
}

// TestSetupSettings: bad settings change nothing, secrets are readable only by root and are
// shown nowhere, and without a new file the settings of the last one stay.
func TestSetupSettings(t *testing.T) {
	s := boot(t)
	program := s.program("1.0.0.0")
	s.Do(`echo '{"monitor": "sometimes"}' > /root/bad.json; echo '{"proxy": "http://user:s3cret-word@10.0.0.9:3128"}' > /root/secret.json; chmod 644 /root/secret.json; echo '{"monitor": 30}' > /root/good.json`)
	const typo = " setup --settings /root/god.json" // nothing was run, so nothing is recorded as the last run
	if out := s.run(53, program+typo); !strings.Contains(out, "open /root/god.json: no such file") {
		t.Errorf("setup says: %s", out)
	}
	if got := s.sh("ls -d /var/lib/aadsshlogin-handler"); !strings.Contains(got, "No such file") {
		t.Errorf("there is %s", got)
	}
	if out := s.run(53, program+" setup --settings /root/bad.json"); !strings.Contains(out, `"monitor"`) {
		t.Errorf("setup says: %s", out)
	}
	if out := s.run(53, program+" setup --protected-settings /root/secret.json"); !strings.Contains(out, "chmod 600 /root/secret.json") {
		t.Errorf("setup says: %s", out)
	}
	if got := s.sh("ls /usr/sbin/aad_certhandler /usr/local/bin/aadsshlogin-handler; ls " + setupDir + "/config"); strings.Count(got, "No such file") != 3 {
		t.Errorf("there is %s", got)
	}
	s.run(0, program+" setup --settings /root/good.json")
	if m := monitor(s.setUp(0)); !strings.Contains(m, "every 30 minutes") {
		t.Errorf("monitor: %s", m)
	}
	s.run(53, program+typo)
	if r := s.setUp(0); !success(r) {
		t.Errorf("after a name that was mistyped the last run is %d %s", r.Code, r.Message)
	}
	s.rest()
	// Through standard input; the machine is healthy, so the proxy is not used.
	s.run(0, program+" setup --protected-settings - < /root/secret.json")
	if m := monitor(s.setUp(1)); !strings.Contains(m, "every 30 minutes") {
		t.Errorf("the settings that were not given again: %s", m)
	}
	if got := s.Do("stat -c '%a %U' " + setupDir + "/config/1.protected " + setupDir); got != "600 root\n700 root" {
		t.Errorf("the secret is kept as %s", got)
	}
	s.rest()
	if got := s.sh("grep -rl s3cret-word /var/lib/aadsshlogin-handler /etc /var/log /usr/local/bin 2>/dev/null; journalctl --no-pager | grep s3cret-word"); got != setupDir+"/config/1.protected" {
		t.Errorf("the secret is in %s", got)
	}
	s.Do("cd /root && /usr/local/bin/aadsshlogin-handler support-bundle -o /root/b.tar.gz && mkdir b && tar -xzf b.tar.gz -C b")
	if got := s.sh("grep -rl s3cret-word /root/b; ls -R /root/b | grep -c 1.settings"); got != "1" {
		t.Errorf("the bundle: %s", got)
	}
}
