//go:build rig

// Package watch_test has the watch at work on throw-away machines with real
// systemd, sshd and package managers.
package watch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aadsshlogin-handler/distro"
	"aadsshlogin-handler/status"
	"aadsshlogin-handler/test/lib/agentrun"
	"aadsshlogin-handler/test/lib/cache"
	"aadsshlogin-handler/test/lib/fixtures"
	"aadsshlogin-handler/test/lib/keys"
	"aadsshlogin-handler/test/lib/machine"
	"aadsshlogin-handler/test/lib/metadata"
	"aadsshlogin-handler/test/lib/pkghost"
	"aadsshlogin-handler/test/lib/rig"
	"aadsshlogin-handler/test/lib/roots"
	"aadsshlogin-handler/test/lib/scene"
	"aadsshlogin-handler/test/lib/wire"
)

// person is somebody of the directory who has a role on the machine.
const person = "someone@example.com"

// stage is a machine with the package host and the metadata service beside it,
// and a person who wants in.
type stage struct {
	*machine.Machine
	t        *testing.T
	packages *pkghost.Host
	metadata *metadata.Service
	keys     string // folder on the host
	persona  roots.Persona
	target   distro.Target // what the product's table says of it
	dir      string        // of the version of the extension
	written  string        // what the status file said last
}

// boot sets the stage: an Ubuntu machine, booted, without an agent.
func boot(t *testing.T) *stage {
	t.Helper()
	return bootPersona(t, roots.Ubuntu("22.04"))
}

// bootPersona boots a machine that says what it is by its os-release.
func bootPersona(t *testing.T, p roots.Persona) *stage {
	t.Helper()
	ctx := t.Context()
	c, err := cache.Open()
	fatal(t, err)
	layers, err := p.Layers(ctx, c)
	fatal(t, err)
	release, err := distro.Parse([]byte(p.OSRelease))
	fatal(t, err)
	target, err := distro.Lookup(release, runtime.GOARCH)
	fatal(t, err)
	m, err := machine.New(ctx, c, layers)
	fatal(t, err)
	s := &stage{Machine: m, t: t, keys: t.TempDir(), dir: agentrun.Dir(scene.HandlerVersion), persona: p, target: target}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("journal:\n%s", s.sh("journalctl --no-pager -o short-monotonic -t aadsshlogin-handler -t systemd | grep -i aadssh | tail -n 60"))
		}
		err := m.Close()
		if s.packages != nil {
			_ = s.packages.Close()
			for _, r := range s.packages.Unexpected() {
				t.Errorf("unexpected request to the package host: %s", r)
			}
		}
		if s.metadata != nil {
			for _, r := range s.metadata.Unexpected() {
				t.Errorf("unexpected request to the metadata service: %s", r)
			}
		}
		if err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	fatal(t, m.Symlink("/dev/null", "/etc/systemd/system/walinuxagent.service"))
	up, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	fatal(t, m.Boot(up))
	s.azure(c)
	s.certificate()
	return s
}

// azure starts what is on the other end of the wire.
func (s *stage) azure(c cache.Cache) {
	t := s.t
	t.Helper()
	var err error
	s.packages, err = pkghost.Start(s.Machine)
	fatal(t, err)
	s.packages.File("/keys/microsoft.asc", keys.Rig().Public)
	s.packages.File("/keys/microsoft-2025.asc", keys.Rig().Public)
	s.offer(c, fixtures.Spec{Name: fixtures.Login, Version: scene.Version})
	s.metadata = metadata.Azure().
		Always(metadata.ComputePath, metadata.JSON(metadata.VM())).
		Always(metadata.TokenPath, metadata.TokenOf(metadata.VMID("rg-web", "web1")))
	l, err := s.Listen("tcp", metadata.Address)
	fatal(t, err)
	go func() { _ = http.Serve(l, s.metadata) }() // ends with the machine, whose network it is in
}

// offer has the package host serve a package.
func (s *stage) offer(c cache.Cache, spec fixtures.Spec) {
	s.t.Helper()
	at := s.target.Repository
	m := rig.Machine{Packages: s.packages, Cache: c}
	fatal(s.t, m.Offer(s.t.Context(), rig.Options{Persona: s.persona, Path: at.Path, Suite: at.Suite, Packages: []fixtures.Spec{spec}}))
}

// certificate makes the person's key and certificate.
func (s *stage) certificate() {
	s.t.Helper()
	private, public := keys.UserCA()
	fatal(s.t, os.WriteFile(filepath.Join(s.keys, "ca"), private, 0o600))
	fatal(s.t, os.WriteFile(filepath.Join(s.keys, "ca.pub"), []byte(public), 0o600))
	for _, args := range [][]string{
		{"-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", s.keys + "/user"},
		{"-q", "-s", s.keys + "/ca", "-I", "rig", "-n", person, "-V", "-5m:+1h", s.keys + "/user.pub"},
	} {
		if out, err := exec.CommandContext(s.t.Context(), "ssh-keygen", args...).CombinedOutput(); err != nil {
			s.t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
}

// signIn connects from outside with the certificate.
func (s *stage) signIn() bool {
	s.t.Helper()
	r, err := s.Outside(s.t.Context(), "timeout", "30", "ssh", "-F", "none", "-i", s.keys+"/user", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-l", person, wire.Guest, "id -un")
	fatal(s.t, err)
	return r.ExitCode == 0 && strings.TrimSpace(string(r.Stdout)) == person
}

// sh runs a script in the machine and returns what it printed.
func (s *stage) sh(script string) string {
	s.t.Helper()
	r, err := s.Run(context.WithoutCancel(s.t.Context()), "sh", "-c", script)
	if err != nil {
		s.t.Errorf("%s: %v", script, err)
	}
	return strings.TrimSpace(r.Output())
}

func (s *stage) must(script string) string {
	s.t.Helper()
	r, err := s.Run(s.t.Context(), "sh", "-c", script)
	if err != nil || r.ExitCode != 0 {
		s.t.Fatalf("%s: %v, exit %d\n%s", script, err, r.ExitCode, r.Output())
	}
	return strings.TrimSpace(r.Output())
}

// deliver unpacks the extension as the agent does; settings is the content of
// the settings file, "" where none were sent.
func (s *stage) deliver(settings string) {
	s.t.Helper()
	binary, manifest, err := scene.Build(s.t.Context())
	fatal(s.t, err)
	for name, content := range map[string]string{
		"/bin/aadsshlogin-handler": string(binary), "/HandlerManifest.json": string(manifest),
		"/HandlerEnvironment.json": agentrun.Environment(strings.TrimPrefix(s.dir, agentrun.Dir(""))),
		"/config/0.settings":       settings, "/config/HandlerState": "NotInstalled",
	} {
		fatal(s.t, s.WriteFile(s.dir+name, []byte(content), 0o755))
	}
	s.must("mkdir -p " + s.dir + "/status /var/log/azure/" + agentrun.Handler + "/events")
}

// operate runs one operation as the agent does and expects this exit code.
func (s *stage) operate(operation string, sequence, want int, env ...string) string {
	s.t.Helper()
	argv := append([]string{"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", fmt.Sprintf("ConfigSequenceNumber=%d", sequence)}, env...)
	r, err := s.Run(s.t.Context(), append(argv, "setsid", "-w", s.dir+"/bin/aadsshlogin-handler", operation)...)
	if err != nil || r.ExitCode != want {
		s.t.Fatalf("%s: %v, exit %d\n%s\n%s", operation, err, r.ExitCode, r.Output(), s.sh("tail -n 60 /var/log/azure/*/handler.log"))
	}
	return r.Output()
}

// enabled is a machine whose install and enable have passed.
func enabled(t *testing.T, settings string) *stage {
	t.Helper()
	return enabledPersona(t, roots.Ubuntu("22.04"), settings)
}

func enabledPersona(t *testing.T, p roots.Persona, settings string) *stage {
	t.Helper()
	s := bootPersona(t, p)
	s.deliver(settings)
	s.operate("install", 0, 0)
	s.state("Installed")
	s.operate("enable", 0, 0)
	s.state("Enabled")
	s.must("aaduseradd " + person)
	if !s.signIn() {
		t.Fatal("a healthy machine does not let the person in")
	}
	return s
}

func (s *stage) state(text string) {
	s.t.Helper()
	fatal(s.t, s.WriteFile(s.dir+"/config/HandlerState", []byte(text), 0o644))
}

// status is the status file of a sequence number.
func (s *stage) status(sequence int) status.Report {
	s.t.Helper()
	b, err := s.ReadFile(fmt.Sprintf("%s/status/%d.status", s.dir, sequence))
	fatal(s.t, err)
	var all []struct {
		Status struct {
			Status, Operation string
			Code              int
			FormattedMessage  struct{ Message string }
			Substatus         []struct {
				Name, Status     string
				FormattedMessage struct{ Message string }
			}
		}
	}
	fatal(s.t, json.Unmarshal(b, &all))
	in := all[0].Status
	r := status.Report{Operation: in.Operation, Level: status.Level(in.Status), Code: in.Code, Message: in.FormattedMessage.Message}
	for _, sub := range in.Substatus {
		r.Substatuses = append(r.Substatuses, status.Substatus{Name: sub.Name, Level: status.Level(sub.Status), Message: sub.FormattedMessage.Message})
	}
	s.written = string(b)
	return r
}

// monitor are all texts of the watch itself.
func monitor(r status.Report) string {
	var all []string
	for _, sub := range r.Substatuses {
		if sub.Name == "monitor" {
			all = append(all, string(sub.Level)+" "+sub.Message)
		}
	}
	return strings.Join(all, "\n")
}

// await waits until the status file is as a test wants it. The time is a
// measurement for the reader, no requirement; the limit is far above it.
func (s *stage) await(what string, sequence int, is func(status.Report) bool) status.Report {
	s.t.Helper()
	began := time.Now()
	for time.Since(began) < 2*time.Minute {
		if r := s.status(sequence); is(r) {
			s.t.Logf("%s after %s: %s %d: %s", what, time.Since(began).Round(100*time.Millisecond), r.Level, r.Code, r.Message)
			if m := monitor(r); m != "" {
				s.t.Logf("  monitor: %s", m)
			}
			return r
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Fatalf("the status never was: %s. It is:\n%s", what, s.written)
	return status.Report{}
}

// look has the timer's unit run, as the timer does, and waits for its end and
// for that of a repair that it set off.
func (s *stage) look() {
	s.t.Helper()
	s.must("systemctl start aadsshlogin-handler.service")
	s.rest()
}

// rest waits until no look and no repair runs.
func (s *stage) rest() {
	s.t.Helper()
	for range 600 {
		jobs := s.sh("systemctl list-jobs --no-legend 'aadsshlogin*'")
		busy := s.sh("systemctl show -p ActiveState --value aadsshlogin-handler.service aadsshlogin-handler-repair.service")
		if !strings.Contains(jobs, "aadsshlogin") && !strings.Contains(strings.ReplaceAll(busy, "inactive", ""), "activ") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.t.Fatal("the units of the watch do not come to rest")
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
