//go:build rig

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"aadssh/test/lib/scene"
)

func vm(ctx context.Context, s *scenario, ts *testscript.TestScript, args []string) error {
	r, err := s.Run(ctx, args...)
	_, _ = ts.Stdout().Write(r.Stdout)
	_, _ = ts.Stderr().Write(r.Stderr)
	if err == nil && r.ExitCode != 0 {
		err = fmt.Errorf("exit %d: %s", r.ExitCode, r.Output())
	}
	return err
}

func await(ctx context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	s.Until(strings.Join(args, " "), func() bool {
		r, err := s.Run(ctx, args...)
		s.Must(err)
		return r.ExitCode == 0
	})
	return nil
}

// installed is the version in dpkg's database: "" if a package is not completely installed.
func (s *scenario) installed(name string) (string, error) {
	content, err := s.ReadFile("/var/lib/dpkg/status")
	return version(string(content), name), err
}

func version(database, name string) string {
	_, after, found := strings.Cut("\n"+database, "\nPackage: "+name+"\n")
	if !found {
		return ""
	}
	block, _, _ := strings.Cut(after, "\n\n")
	status, version := "", ""
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "Status: "); ok {
			status = v
		}
		if v, ok := strings.CutPrefix(line, "Version: "); ok {
			version = v
		}
	}
	if status != "install ok installed" {
		return ""
	}
	return version
}

func packages(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	for _, arg := range args {
		name, want, _ := strings.Cut(arg, "=")
		got, err := s.installed(name)
		if err != nil {
			return err
		}
		if want == "absent" {
			want = ""
		}
		if got != want {
			return fmt.Errorf("%s is %q", name, got)
		}
	}
	return nil
}

// power turns the machine off and on. What the agent uploaded before no longer counts.
func power(ctx context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	var err error
	switch strings.Join(args, " ") {
	case "reboot":
		err = s.Shutdown(ctx)
	case "cut":
		err = s.PowerCut(ctx)
	default:
		return fmt.Errorf("reboot or cut, not %q", args)
	}
	s.seen = len(s.fabric.Statuses())
	return errors.Join(err, s.Boot(ctx))
}

// restart restarts the agent. What it uploaded before no longer counts.
func restart(_ context.Context, s *scenario, _ *testscript.TestScript, _ []string) error {
	s.Do("systemctl stop walinuxagent")
	s.seen = len(s.fabric.Statuses())
	s.Do("systemctl start walinuxagent")
	return nil
}

// lock makes another program of the machine hold dpkg's lock, as unattended-upgrades does
// at a first boot.
func lock(_ context.Context, s *scenario, _ *testscript.TestScript, args []string) error {
	if len(args) == 1 && args[0] == "release" {
		s.Do("systemctl stop holder.service")
		return nil
	}
	s.Must(s.WriteFile("/root/unattended-upgrade", []byte(scene.LockHolder), 0o755))
	s.Do("systemd-run --quiet --unit=holder python3 /root/unattended-upgrade")
	s.Await("test -e " + scene.Held)
	return nil
}
