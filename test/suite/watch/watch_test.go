//go:build rig

package watch_test

import (
	"strings"
	"testing"

	"aadssh/status"
	"aadssh/test/lib/roots"
)

func success(r status.Report) bool { return r.Level == status.Success }
func repaired(r status.Report) bool {
	return success(r) && strings.Contains(monitor(r), "was put back at")
}

const settings = `{"runtimeSettings": [{"handlerSettings": {"publicSettings": {}, "protectedSettings": null, "protectedSettingsCertThumbprint": null}}]}`

// TestWatchIsInstalled: enable installs the watch; a second one finds it and writes
// nothing; disable removes it, and so does uninstall.
func TestWatchIsInstalled(t *testing.T) {
	for _, p := range []roots.Persona{
		roots.Ubuntu("20.04"), roots.Ubuntu("22.04"), roots.Ubuntu("24.04"), // systemd 247, 252, 257
		roots.RHEL("8.10"), roots.RHEL("9.4"), roots.SLES("15.6"), // the same
	} {
		t.Run(p.Name, func(t *testing.T) { putUp(t, p) })
	}
}

func putUp(t *testing.T, p roots.Persona) {
	s := enabledPersona(t, p, settings)
	if m := monitor(s.status(0)); !strings.HasPrefix(m, "success This machine is checked every 15 minutes") {
		t.Errorf("monitor says %q", m)
	}
	units := s.Do("systemctl is-active aadsshlogin-handler.timer aadsshlogin-handler.path; systemctl is-enabled aadsshlogin-handler.timer aadsshlogin-handler.path")
	if units != "active\nactive\nenabled\nenabled" {
		t.Errorf("the units are %s", units)
	}
	if got := s.sh("systemd-analyze verify /etc/systemd/system/aadsshlogin-handler* 2>&1 | grep aadssh"); got != "" {
		t.Errorf("systemd says of the units:\n%s", got)
	}
	const traces = "ls -d /usr/local/bin/aadsshlogin-handler /etc/systemd/system/aadsshlogin* /etc/systemd/system/*/aadsshlogin* /var/lib/aadsshlogin-handler/watch.json 2>/dev/null"
	const files = "find /etc /usr/local /var/lib/aadsshlogin-handler -newer /root/mark -not -type d"
	s.Do("touch /root/mark; sleep 0.1")
	s.operate("enable", 0, 0)
	if got := s.sh(files); got != "" {
		t.Errorf("a second enable wrote:\n%s", got)
	}
	t.Logf("a check took %s", s.Do("bash -c \"TIMEFORMAT='%R s, of which %U s + %S s of processor time'; time /usr/local/bin/aadsshlogin-handler watch\""))
	s.check()
	if got := s.sh(files); got != "" {
		t.Errorf("a check of a healthy machine wrote:\n%s", got)
	}
	if got := s.sh("pgrep -l '^aadsshlogin'"); got != "" {
		t.Errorf("between two checks there runs:\n%s", got)
	}
	s.operate("disable", 0, 0)
	if got := s.sh(traces); got != "" {
		t.Errorf("after disable there is:\n%s", got)
	}
	if got := s.sh("systemctl list-units --all --no-legend 'aadsshlogin*'"); got != "" {
		t.Errorf("after disable systemd knows:\n%s", got)
	}
	s.operate("enable", 0, 0)
	if got := s.sh(traces); strings.Count(got, "\n") != 7 {
		t.Errorf("after another enable there is:\n%s", got)
	}
	s.state("Installed")
	s.operate("uninstall", 0, 0)
	if got := s.sh(traces); got != "" {
		t.Errorf("after uninstall there is:\n%s", got)
	}
}
