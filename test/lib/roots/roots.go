// Package roots builds the file systems of boxes: real Debian userlands, and thin layers
// over them that make one identify as another distribution (personas).
package roots

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"aadssh/test/lib/cache"
)

// Suite is a Debian release, by its code name.
type Suite string

// The suites of the test machines, oldest first. They differ where it matters: apt
// 2.2/2.6/3.0, dnf 4.5/4.14/4.23, zypper 1.14.42/1.14.89, OpenSSH 8.4/9.2/10.0, systemd
// 247/252/257, waagent 2.2.47/2.7.3/2.12. Forky, the testing suite, is used for dnf 5 and
// its rpm 6.
const (
	Bullseye Suite = "bullseye"
	Bookworm Suite = "bookworm"
	Trixie   Suite = "trixie"
	Forky    Suite = "forky"
)

// packages are the packages of a root, in addition to the essential ones. The rpm family's
// tools are in every root; personas hide the other family's.
func packages(suite Suite) []string {
	dnf := "dnf"
	if suite == Forky {
		dnf = "dnf5"
	}
	return []string{
		"ca-certificates", "systemd", "systemd-sysv", "dbus", "libpam-systemd",
		"openssh-server", "openssh-client", "sudo", "iproute2", "iptables", "waagent",
		"procps", "curl", "gnupg", dnf, "rpm", "zypper", "nftables", "pamtester",
	}
}

// Get is the unpacked root of a suite, built by mmdebstrap if it is not in the cache (about
// a minute). It must never be written to: use it as the lowest layer of a box.
func Get(ctx context.Context, c cache.Cache, suite Suite) (string, error) {
	include := strings.Join(packages(suite), ",")
	key := string(suite) + "-" + cache.Key(include)
	return c.Make(ctx, "roots", key, func(dir string) error { return bootstrap(ctx, dir, suite, include, false) })
}

// bootstrap fills an empty folder with a suite's userland. With newestAgent, the Linux
// agent is that of a later suite.
func bootstrap(ctx context.Context, dir string, suite Suite, include string, newestAgent bool) error {
	mirror, err := mirror(ctx)
	if err != nil {
		return err
	}
	// The indices of some suites have expired on a machine whose clock is ahead of its
	// mirror.
	args := []string{"mmdebstrap", "--quiet", "--format=directory", "--variant=minbase",
		"--dpkgopt=force-unsafe-io", "--aptopt=Acquire::Check-Valid-Until \"false\"", "--include=" + include}
	sources := []string{mirror}
	if newestAgent {
		pin, err := pinFile()
		if err != nil {
			return err
		}
		defer os.Remove(pin)
		args = append(args, "--setup-hook=mkdir -p \"$1\"/etc/apt/preferences.d && cp "+pin+" \"$1\"/"+preferences)
		sources = []string{"deb " + mirror + " " + string(suite) + " main", "deb " + mirror + " forky main"}
	}
	cmd := exec.CommandContext(ctx, "nice", append(append(args, string(suite), dir), sources...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mmdebstrap %s: %w\n%s", suite, err, tail(out, 2000))
	}
	// What mmdebstrap configured for itself is not part of the machine.
	return errors.Join(
		os.RemoveAll(filepath.Join(dir, "etc/apt/sources.list")),
		os.RemoveAll(filepath.Join(dir, "etc/apt/apt.conf.d/99mmdebstrap")),
		os.RemoveAll(filepath.Join(dir, preferences)),
	)
}

// mirror is this machine's own Debian mirror: the first archive in apt's configuration for
// the running release.
func mirror(ctx context.Context) (string, error) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", err
	}
	codename := ""
	for _, line := range strings.Split(string(release), "\n") {
		if v, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			codename = strings.Trim(v, `"`)
		}
	}
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets",
		"--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("apt-get indextargets: %w", err)
	}
	for _, line := range strings.Split(string(out), "\n") {
		if name, uri, ok := strings.Cut(line, " "); ok && name == codename {
			return uri, nil
		}
	}
	return "", fmt.Errorf("apt on this machine has no archive for %q: the rig builds its roots from the machine's own Debian mirror", codename)
}

func tail(b []byte, n int) string {
	if len(b) > n {
		b = b[len(b)-n:]
	}
	return string(b)
}
