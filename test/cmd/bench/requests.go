package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// keyAddress is the address of the vendor's key.
const keyAddress = "https://packages.microsoft.com/keys/microsoft.asc"

// bareInstall is what a person runs for a fresh installation, including the key, with the
// same checks of signatures. No other source is used.
func bareInstall(s *scene.Scene, p roots.Persona) string {
	base := "https://packages.microsoft.com" + s.Target.Repository.Path
	definition := "[aadsshlogin]\nname=aadsshlogin\nbaseurl=" + base + "\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=" + keyAddress + "\n"
	switch p.Family {
	case roots.Apt:
		const list, key = "/etc/apt/sources.list.d/aadsshlogin.list", "/usr/share/keyrings/aadsshlogin.asc"
		return "/usr/lib/apt/apt-helper download-file " + keyAddress + " " + key + "\n" +
			"echo 'deb [signed-by=" + key + "] " + base + " " + s.Target.Repository.Suite + " main' > " + list + "\n" +
			"apt-get -q -o Dir::Etc::SourceList=" + list + " -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 update\napt-get -q -y install aadsshlogin"
	case roots.Zypper:
		return "cat > /etc/zypp/repos.d/aadsshlogin.repo <<'X'\n" + definition + "X\nzypper --non-interactive --gpg-auto-import-keys install -r aadsshlogin aadsshlogin"
	}
	return "cat > /etc/yum.repos.d/aadsshlogin.repo <<'X'\n" + definition + "X\ndnf -y --disablerepo='*' --enablerepo=aadsshlogin install aadsshlogin"
}

// requests compares the requests to the repository, and the bytes that it sends, on a fresh
// machine: with install and enable, with setup, and with the bare package manager.
func requests(ctx context.Context) (all []figure, err error) {
	for _, p := range []roots.Persona{roots.Ubuntu("22.04"), roots.RHEL("9.4"), roots.SLES("15.6")} {
		bare, bareBytes, err := served(ctx, p, func(s *scene.Scene) error { return shell(ctx, s, bareInstall(s, p)) })
		if err != nil {
			return nil, err
		}
		for _, by := range []struct {
			what string
			do   func(*scene.Scene) error
		}{
			{"a fresh installation by " + string(p.Family), func(s *scene.Scene) error { return applied(ctx, s) }},
			{"setup by " + string(p.Family), func(s *scene.Scene) error { _, err := setUp(ctx, s); return err }},
		} {
			ours, ourBytes, err := served(ctx, p, by.do)
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", by.what, p.Name, err)
			}
			all = append(all,
				figure{"requests of " + by.what, fmt.Sprint(ours), fmt.Sprintf("<= %d, as the bare manager", bare), ours > bare},
				figure{"bytes of it", fmt.Sprint(ourBytes), fmt.Sprintf("<= %d, as the bare manager", bareBytes), ourBytes > bareBytes})
		}
	}
	return all, nil
}

// served counts the requests to the package host, and the bytes that it sends.
func served(ctx context.Context, p roots.Persona, do func(*scene.Scene) error) (requests int, bytes int64, err error) {
	s, err := scene.Start(ctx, scene.Options{Persona: p, Packages: []fixtures.Spec{{Name: fixtures.Login, Version: scene.Version}}})
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	if err := do(s); err != nil {
		return 0, 0, err
	}
	for _, r := range s.Packages.Requests() {
		bytes += r.Bytes
	}
	return len(s.Packages.Requests()), bytes, nil
}

// crowd makes 1,000 instances behind one address install, on a simulated clock.
func crowd(ctx context.Context) ([]figure, error) {
	top, err := scene.Top(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-run", "^TestThousandInstances$/^8_requests_each,_Retry-After_.*,_2000", "./test/suite/hostile")
	cmd.Dir = top
	out, err := cmd.CombinedOutput()
	result := "not run"
	for line := range strings.Lines(string(out)) {
		if _, said, ok := strings.Cut(line, "1000 instances: "); ok {
			result = strings.TrimSpace(said)
		}
	}
	if result == "not run" {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return []figure{{"1,000 instances by dnf behind one address, which 2,000 others have asked from", result, "all in the agent's time", err != nil}}, nil
}
