//go:build rig

// Package e2e runs the extension's package with the real Azure Linux agent, on whole
// machines with systemd, package manager and sshd. Only Azure's services are fakes: package
// fabric, test/lib/metadata, test/lib/pkghost. The scenarios are scripts, one file each;
// commands_test.go describes their commands.
package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"aadssh/test/lib/cache"
	"aadssh/test/lib/fabric"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// scenario is a running script: a machine with everything around it.
type scenario struct {
	guest
	*scene.Services
	stage.Shell
	agent   linuxAgent
	proxy   *pkghost.Proxy // nil: there is none
	fabric  *fabric.Fabric
	last    fabric.Status // the status that the script examines
	seen    int           // statuses before this one no longer count
	ran     int           // number of commands of extensions that the script has examined
	watched *watch
}

// begin boots a machine, with an agent that has nothing to do. It ends with the test.
func begin(t testing.TB, a linuxAgent) *scenario {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), machines().giveUp)
	defer cancel()
	c, err := cache.Open()
	stage.Must(t, err)
	m, err := a.machine(ctx, c)
	stage.Must(t, err)
	s := &scenario{guest: m, agent: a}
	s.Shell = stage.Shell{T: t, Exec: m.Run, Log: s.tails}
	t.Cleanup(func() { s.End(t, m) })
	s.configure()
	s.fabric, err = fabric.Start(s, a.fastTrack)
	s.Must(err)
	t.Cleanup(s.examine)
	s.Services, err = scene.Serve(ctx, s, c, a.persona, fixtures.Spec{Name: fixtures.Login, Version: scene.Version}, fixtures.Spec{Name: fixtures.SELinux, Version: scene.Version})
	s.Must(err)
	s.Must(s.Boot(ctx))
	return s
}

// configure makes Debian's package of the agent run outside Azure.
func (s *scenario) configure() {
	s.T.Helper()
	s.Must(errors.Join(
		s.WriteFile("/etc/waagent.conf", []byte(strings.Join([]string{
			"Extensions.Enabled=y", "Extensions.GoalStatePeriod=1", "Extensions.InitialGoalStatePeriod=1",
			"Provisioning.Agent=disabled", "Provisioning.Enabled=n", "Provisioning.DeleteRootPassword=n",
			"Provisioning.RegenerateSshHostKeyPair=n", "Provisioning.MonitorHostName=n",
			"ResourceDisk.Format=n", "ResourceDisk.EnableSwap=n", "Logs.Verbose=n", "Logs.Collect=n", "Logs.Console=n",
			"OS.EnableFIPS=n", "OS.OpensslPath=None", "OS.SshDir=/etc/ssh", "OS.EnableFirewall=n",
			"AutoUpdate.Enabled=n", "AutoUpdate.UpdateToLatestVersion=n", "Debug.EtpCollectionPeriod=10", "",
		}, "\n")), 0o644),
		// Debian's unit has ConditionVirtualization=microsoft: never true here.
		s.WriteFile("/etc/systemd/system/walinuxagent.service.d/rig.conf", []byte("[Unit]\nConditionVirtualization=\n"), 0o644),
		s.Symlink("/dev/null", "/etc/systemd/system/e2scrub_reap.service"),
	))
}

// examine reports what happened that should not have, and ends what is not part of the
// machine.
func (s *scenario) examine() {
	if s.watched != nil {
		s.watched.end()
	}
	if s.proxy != nil {
		for _, r := range s.proxy.Requests() {
			if r.Unexpected {
				s.T.Errorf("unexpected request to the proxy: %s %s", r.Method, r.Target)
			}
		}
		s.Must(s.proxy.Close())
	}
	s.everyOutput()
	s.secrets()
	for _, r := range s.fabric.Unexpected() {
		s.T.Errorf("unexpected request to the fabric: %s", r)
	}
	s.Must(s.fabric.Close())
}
