// Package scene is a rig with everything that the handler needs: the repository at the path
// in the table of distributions, the metadata service, and something that runs the handler
// as the agent does. Booted is the same on a machine with systemd.
//
// It returns errors, for commands. Tests begin with package stage.
package scene

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/load"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

// Options are the differences of a scene from a healthy machine with the package in its
// repository.
type Options struct {
	Persona  roots.Persona
	Box      box.Options
	Packages []fixtures.Spec // nil: aadsshlogin and aadsshlogin-selinux in Version
	Rig      func(*rig.Options)
	Timeout  time.Duration // for each operation, more on a busy machine; 0: the handler's own budgets
}

// Version is the default version of the fixture package.
const Version = "1.0.033070001"

// Scene is a machine with the services around the handler.
type Scene struct {
	*rig.Machine
	Target   distro.Target
	Metadata *metadata.Service
	Agent    *agentrun.Agent
	Options  Options // the options that it was started with
	timeout  time.Duration
	binary   []byte
	manifest []byte
}

// Start starts the machine and everything around it. Close ends all of it.
func Start(ctx context.Context, o Options) (*Scene, error) {
	c, err := cache.Open()
	if err != nil {
		return nil, err
	}
	s := &Scene{}
	if o.Timeout > 0 {
		s.timeout = load.Budget(o.Timeout)
	}
	if s.Target, err = Target(ctx, c, o.Persona); err != nil {
		return nil, err
	}
	if s.binary, s.manifest, err = Build(ctx); err != nil {
		return nil, err
	}
	if o.Packages == nil {
		o.Packages = []fixtures.Spec{{Name: fixtures.Login, Version: Version}, {Name: fixtures.SELinux, Version: Version}}
	}
	if o.Box.Memory == nil {
		o.Box.Memory = &box.Memory{Size: 4 << 30}
	}
	r := rig.Options{Persona: o.Persona, Box: o.Box, Path: s.Target.Repository.Path, Suite: s.Target.Repository.Suite, Packages: o.Packages}
	if o.Rig != nil {
		o.Rig(&r)
	}
	if s.Machine, err = rig.Start(ctx, r); err != nil {
		return nil, err
	}
	s.Agent, s.Options = &agentrun.Agent{Box: s.Box}, o
	s.Metadata = metadata.Healthy("rg", "vm")
	if err := s.Metadata.Serve(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// New is Start for a test, which fails on an unexpected request.
func New(t testing.TB, o Options) *Scene {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		unexpected(t, s.Packages, s.Metadata)
	})
	return s
}

// unexpected fails a test on unexpected requests.
func unexpected(t testing.TB, packages *pkghost.Host, service *metadata.Service) {
	t.Helper()
	for _, r := range packages.Unexpected() {
		t.Errorf("unexpected request to the package host: %s", r)
	}
	for _, r := range service.Unexpected() {
		t.Errorf("unexpected request to the metadata service: %s", r)
	}
}

// Target is the entry for a persona in the product's table.
func Target(ctx context.Context, c cache.Cache, p roots.Persona) (distro.Target, error) {
	text := p.OSRelease
	if text == "" {
		layers, err := p.Layers(ctx, c)
		if err != nil {
			return distro.Target{}, err
		}
		b, err := os.ReadFile(filepath.Join(layers[len(layers)-1], "usr/lib/os-release"))
		if err != nil {
			return distro.Target{}, err
		}
		text = string(b)
	}
	release, err := distro.Parse([]byte(text))
	if err != nil {
		return distro.Target{}, err
	}
	t, err := distro.Lookup(release, runtime.GOARCH)
	if u := (*distro.Unsupported)(nil); errors.As(err, &u) {
		return distro.Target{}, nil // a scene of an unsupported system
	}
	return t, err
}

// Build builds the handler for tests: the product as released, but with the key of the
// tests among the pins. It also returns the manifest.
func Build(ctx context.Context) (binary, manifest []byte, err error) {
	top, err := Top(ctx)
	if err != nil {
		return nil, nil, err
	}
	if binary, err = BuildAs(HandlerVersion); err != nil {
		return nil, nil, err
	}
	manifest, err = os.ReadFile(filepath.Join(top, "HandlerManifest.json"))
	return binary, manifest, err
}

// builds are the results of BuildAs, by version: linking takes longer than many scenes, so
// each is built once per process.
var builds sync.Map

// BuildAs is Build's program with a version.
func BuildAs(version string) ([]byte, error) {
	once, _ := builds.LoadOrStore(version, sync.OnceValues(func() ([]byte, error) { return link(version) }))
	return once.(func() ([]byte, error))()
}

func link(version string) ([]byte, error) {
	ctx := context.Background()
	top, err := Top(ctx)
	if err != nil {
		return nil, err
	}
	if err := lookAtSources(ctx, top); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "handler.")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "aadsshlogin-handler")
	cmd := exec.CommandContext(ctx, "make", "--no-print-directory", "program", "OUT="+path, "TAGS=rig", "VERSION="+version)
	cmd.Dir, cmd.Env = top, append(os.Environ(), "MAKEFLAGS=") // not those of the make that runs the tests
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the handler: %w\n%s", err, out)
	}
	return os.ReadFile(path)
}

// HandlerVersion is the default version of the extension.
const HandlerVersion = "1.0.1.0"

// Top is the folder of the module.
func Top(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Package is the content of the extension's zip.
func (s *Scene) Package() fstest.MapFS {
	manifest := string(s.manifest)
	if s.timeout > 0 {
		for _, op := range []string{"install", "enable", "disable", "update", "uninstall"} {
			manifest = strings.ReplaceAll(manifest, "aadsshlogin-handler "+op+`"`, "aadsshlogin-handler "+op+" --timeout "+s.timeout.String()+`"`)
		}
	}
	return files(s.binary, []byte(manifest))
}

func files(binary, manifest []byte) fstest.MapFS {
	return fstest.MapFS{"HandlerManifest.json": {Data: manifest}, "bin/aadsshlogin-handler": {Data: binary}}
}

// Goal is a goal state with the extension and empty settings.
func (s *Scene) Goal() agentrun.Goal {
	return agentrun.Goal{Version: HandlerVersion, Package: s.Package(), Settings: agentrun.Public("{}")}
}

// HandlerLog is the content of handler.log: the extension's, or else setup's.
func (s *Scene) HandlerLog() string {
	b, err := s.ReadFile("/var/log/azure/" + agentrun.Handler + "/handler.log")
	if errors.Is(err, fs.ErrNotExist) {
		b, err = s.ReadFile(agent.StandaloneDir + "/log/handler.log")
	}
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Script runs a script in which each command must succeed, and returns its output. Tests
// use the Shell of package stage.
func (s *Scene) Script(ctx context.Context, script string) (string, error) {
	r, err := s.Run(ctx, nil, "sh", "-ec", script)
	if err == nil && r.ExitCode != 0 {
		err = fmt.Errorf("%s: exit %d\n%s", script, r.ExitCode, r.Output())
	}
	return string(r.Stdout), err
}

// AwaitSSHD is a script that waits until the SSH service, which has just been started,
// listens or has ended. StopSSHD stops it, and waits until it has ended.
const (
	AwaitSSHD = "for i in $(seq 600); do [ -s /run/sshd.pid ] || ! pgrep -x sshd >/dev/null && break; sleep 0.05; done"
	StopSSHD  = `old=$(cat /run/sshd.pid); kill "$old"; while kill -0 "$old" 2>/dev/null; do sleep 0.05; done`
)

// StartSSHD is a script that starts the SSH service, which does not start by itself on a
// machine without systemd, and ends when it listens.
const StartSSHD = "mkdir -p /run/sshd; ssh-keygen -A >/dev/null && /usr/sbin/sshd && { " + AwaitSSHD + "; [ -s /run/sshd.pid ]; }"
