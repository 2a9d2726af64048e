package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// Hosts of the machine's other sources.
const (
	archive = "archive.ubuntu.com"
	vendor  = "packages.example.com"
)

// way is one way to install the package on a machine. All start from the same machine:
// sources of its distribution and of one more vendor, and no lists fetched yet, as on a new
// image.
type way struct {
	name string
	do   func(context.Context, *scene.Scene) (time.Duration, error)
}

func ways() []way {
	const list, key = "/etc/apt/sources.list.d/aadsshlogin.list", "/usr/share/keyrings/aadsshlogin.gpg"
	byHand := func(update string) func(context.Context, *scene.Scene) (time.Duration, error) {
		return func(ctx context.Context, s *scene.Scene) (time.Duration, error) {
			public, err := keys.Rig().Binary()
			if err != nil {
				return 0, err
			}
			began := time.Now()
			entry := "deb [signed-by=" + key + "] https://packages.microsoft.com/ubuntu/22.04/prod jammy main\n"
			if err := s.WriteFile(key, public, 0o644); err != nil {
				return 0, err
			}
			if err := s.WriteFile(list, []byte(entry), 0o644); err != nil {
				return 0, err
			}
			err = shell(ctx, s, "export DEBIAN_FRONTEND=noninteractive\napt-get -q "+update+"\napt-get -q -y install aadsshlogin")
			return time.Since(began), err
		}
	}
	return []way{
		{"bare", byHand("-o Dir::Etc::SourceList=" + list + " -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 update")},
		{"handler", func(ctx context.Context, s *scene.Scene) (took time.Duration, err error) {
			report, err := s.Agent.Apply(ctx, s.Goal())
			if err != nil {
				return 0, err
			}
			for _, run := range report.Runs { // install and enable
				took += run.Elapsed
			}
			if last := report.Runs[len(report.Runs)-1]; last.Operation != "enable" || last.ExitCode != 0 {
				return 0, fmt.Errorf("%s ended with %d: %s", last.Operation, last.ExitCode, last.Stdout)
			}
			return took, nil
		}},
		{"setup", setUp},
		{"by hand", byHand("update")},
	}
}

// brought is where a person copies the program.
const brought = "/root/aadsshlogin-handler"

// setUp copies the program to the machine, and returns how long its setup takes.
func setUp(ctx context.Context, s *scene.Scene) (time.Duration, error) {
	if err := s.WriteFile(brought, s.Package()["bin/aadsshlogin-handler"].Data, 0o755); err != nil {
		return 0, err
	}
	began := time.Now()
	err := shell(ctx, s, brought+" setup")
	return time.Since(began), err
}

// measure is how long the way takes.
func (w way) measure(ctx context.Context, world string) (time.Duration, error) {
	s, err := scene.Start(ctx, scene.Options{
		Persona:  roots.Ubuntu("22.04"),
		Packages: fixtures.Slow(scene.Version),
		Rig:      func(o *rig.Options) { o.Names = []string{pkghost.Name, archive, vendor} },
	})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	s.Packages.Mount(archive+"/ubuntu", filepath.Join(world, archive))
	s.Packages.Mount(vendor+"/apt", filepath.Join(world, vendor))
	public, err := keys.Rig().Binary()
	if err != nil {
		return 0, err
	}
	const ring = "/usr/share/keyrings/world.gpg"
	if err := s.WriteFile(ring, public, 0o644); err != nil {
		return 0, err
	}
	if err := shell(ctx, s, "rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/*"); err != nil {
		return 0, err
	}
	sources := fmt.Sprintf(`deb [signed-by=%[1]s] http://%[2]s/ubuntu jammy main restricted universe multiverse
deb [signed-by=%[1]s] http://%[2]s/ubuntu jammy-updates main restricted universe
deb [signed-by=%[1]s] http://%[2]s/ubuntu jammy-security main restricted universe
deb [signed-by=%[1]s] https://%[3]s/apt stable main
`, ring, archive, vendor)
	if err := s.WriteFile("/etc/apt/sources.list", []byte(sources), 0o644); err != nil {
		return 0, err
	}
	took, err := w.do(ctx, s)
	if err != nil {
		return 0, err
	}
	if r := s.Packages.Unexpected(); len(r) > 0 {
		return 0, fmt.Errorf("unexpected requests: %v", r)
	}
	return took, nil
}

func shell(ctx context.Context, s *scene.Scene, script string) error {
	_, err := s.Script(ctx, script)
	return err
}
