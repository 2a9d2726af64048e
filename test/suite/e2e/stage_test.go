//go:build rig

// Package e2e runs the extension's package with the real Azure Linux agent, on whole
// machines with systemd, package manager and sshd. Only Azure's services are fakes: package
// fabric, test/lib/metadata, test/lib/pkghost. The scenarios are scripts, one file each;
// commands_test.go describes their commands.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"aadssh/distro"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/fabric"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/scene"
)

// stage is one machine with everything around it.
type stage struct {
	guest
	agent    linuxAgent
	cache    cache.Cache
	target   distro.Target
	vendor   rig.Vendor
	packages *pkghost.Host  // the vendor's
	proxy    *pkghost.Proxy // nil: there is none
	metadata *metadata.Service
	imds     *imds
	fabric   *fabric.Fabric
	last     fabric.Status // the status that the script examines
	seen     int           // statuses before this one no longer count
	ran      int           // number of commands of extensions that the script has examined
	watched  *watch
}

// set prepares the stage and boots the machine, with an agent that has nothing to do.
func set(ctx context.Context, a linuxAgent) (s *stage, err error) {
	s = &stage{agent: a}
	if s.cache, err = cache.Open(); err != nil {
		return nil, err
	}
	if s.target, err = scene.Target(ctx, s.cache, a.persona); err != nil {
		return nil, err
	}
	if s.guest, err = a.machine(ctx, s.cache); err != nil {
		return nil, err
	}
	if err := s.configure(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.services(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, s.Boot(ctx)
}

// configure makes Debian's package of the agent run outside Azure.
func (s *stage) configure() error {
	return errors.Join(
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
	)
}

// services starts Azure's services.
func (s *stage) services(ctx context.Context) (err error) {
	if s.fabric, err = fabric.Start(s, s.agent.fastTrack); err != nil {
		return err
	}
	if s.vendor, err = rig.Serve(ctx, s, s.cache, s.offered(fixtures.Spec{Name: fixtures.Login, Version: scene.Version}, fixtures.Spec{Name: fixtures.SELinux, Version: scene.Version})); err != nil {
		return err
	}
	s.packages = s.vendor.Packages
	s.metadata = metadata.Healthy("rg-web", "web1")
	s.imds = &imds{handler: s.metadata}
	l, err := s.Listen("tcp", metadata.Address)
	if err != nil {
		return err
	}
	go http.Serve(l, s.imds) //nolint:errcheck // ends with the machine, whose network it is in
	return nil
}

// offer replaces the content of the vendor's repository.
func (s *stage) offer(ctx context.Context, specs ...fixtures.Spec) error {
	return s.vendor.Offer(ctx, s.offered(specs...))
}

func (s *stage) offered(specs ...fixtures.Spec) rig.Options {
	return rig.Options{Persona: s.agent.persona, Path: s.target.Repository.Path, Suite: s.target.Repository.Suite, Packages: specs}
}

// strike ends the machine and reports what happened that should not have.
func (s *stage) strike() error {
	var wrong []error
	add := func(what string, all ...string) {
		for _, one := range all {
			wrong = append(wrong, fmt.Errorf("%s: %s", what, one))
		}
	}
	if s.proxy != nil {
		for _, r := range s.proxy.Requests() {
			if r.Unexpected {
				add("unexpected request to the proxy", r.Method+" "+r.Target)
			}
		}
		wrong = append(wrong, s.proxy.Close())
	}
	if s.watched != nil {
		s.watched.end()
	}
	if err := s.everyOutput(); err != nil {
		wrong = append(wrong, err)
	}
	add("secret", s.secrets()...)
	add("unexpected request to the fabric", s.fabric.Unexpected()...)
	add("unexpected request to the metadata service", append(s.metadata.Unexpected(), s.imds.unexpected()...)...)
	for _, r := range s.packages.Unexpected() {
		add("unexpected request to the package host", r.String())
	}
	if err := errors.Join(s.Close(), s.fabric.Close(), s.packages.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}
