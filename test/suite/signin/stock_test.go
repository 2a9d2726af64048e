//go:build rig

package signin_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"aadssh/test/lib/keys"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
)

// release is a supported release whose own root is not available here: its os-release, and
// its stock files for sshd and PAM, on the most similar root.
type release struct {
	name   string // of distro/testdata/os-release
	suite  roots.Suite
	family roots.Family
	sshd   string // testdata/stock
	pam    string // internal/signin/pam/testdata/stock; "": the root's own, which pam-auth-update manages
}

// releases has a row for each tested row of docs/distributions.md, except Debian 11 and 12,
// which are available themselves.
func releases() []release {
	return []release{
		{"almalinux-8.10", roots.Bullseye, roots.Dnf, "rhel-8", "rhel-sssd"},
		{"almalinux-9.4", roots.Bookworm, roots.Dnf, "rhel-9", "rhel-sssd"},
		{"azurelinux-3.0", roots.Bookworm, roots.Tdnf, "mariner", "azurelinux"},
		{"mariner-2.0", roots.Bullseye, roots.Tdnf, "mariner", "azurelinux"},
		{"centos-7", roots.Bullseye, roots.Yum, "rhel-7", "rhel7"},
		{"centos-8", roots.Bullseye, roots.Dnf, "rhel-8", "rhel-minimal"},
		{"debian-9", roots.Bullseye, roots.Apt, "debian-9", ""},
		{"debian-10", roots.Bullseye, roots.Apt, "debian-9", ""},
		{"leap-42.3", roots.Bookworm, roots.Zypper, "sles-12", "suse12"},
		{"leap-15.1", roots.Bookworm, roots.Zypper, "sles-15", "suse15"},
		{"leap-15.5", roots.Bookworm, roots.Zypper, "sles-15", "suse15"},
		{"leap-15.6", roots.Trixie, roots.Zypper, "sles-15", "suse15"},
		{"oracle-8.9", roots.Bullseye, roots.Dnf, "rhel-8", "rhel-sssd"},
		{"oracle-9.3", roots.Bookworm, roots.Dnf, "rhel-9", "rhel-sssd"},
		{"rhel-7.4", roots.Bullseye, roots.Yum, "rhel-7", "rhel7"},
		{"rhel-7.9", roots.Bullseye, roots.Yum, "rhel-7", "rhel7"},
		{"rhel-8.3", roots.Bullseye, roots.Dnf, "rhel-8", "rhel-minimal"},
		{"rhel-8.10", roots.Bullseye, roots.Dnf, "rhel-8", "rhel-sssd"},
		{"rhel-9.0", roots.Bookworm, roots.Dnf, "rhel-9", "rhel-minimal"},
		{"rhel-9.4", roots.Bookworm, roots.Dnf, "rhel-9", "rhel-sssd"},
		{"rhel-10.0", roots.Trixie, roots.Dnf, "rhel-9", "rhel-local"},
		{"rocky-8.9", roots.Bullseye, roots.Dnf, "rhel-8", "rhel-sssd"},
		{"rocky-9.6", roots.Bookworm, roots.Dnf, "rhel-9", "rhel-sssd"},
		{"sles-12.5", roots.Bookworm, roots.Zypper, "sles-12", "suse12"},
		{"sles-15.1", roots.Bookworm, roots.Zypper, "sles-15", "suse15"},
		{"sles-15.5", roots.Bookworm, roots.Zypper, "sles-15", "suse15"},
		{"sles-15.6", roots.Trixie, roots.Zypper, "sles-15", "suse15"},
		{"sles-sap-15.5", roots.Bookworm, roots.Zypper, "sles-15", "suse15"},
		{"sle-hpc-15.6", roots.Trixie, roots.Zypper, "sles-15", "suse15"},
		{"ubuntu-16.04", roots.Bullseye, roots.Apt, "ubuntu-16.04", ""},
		{"ubuntu-18.04", roots.Bullseye, roots.Apt, "ubuntu-18.04", ""},
		{"ubuntu-20.04", roots.Bullseye, roots.Apt, "ubuntu-18.04", ""},
		{"ubuntu-22.04", roots.Bookworm, roots.Apt, "ubuntu-22.04", ""},
		{"ubuntu-24.04", roots.Trixie, roots.Apt, "ubuntu-22.04", ""},
	}
}

func releaseNamed(name string) (release, bool) {
	at := slices.IndexFunc(releases(), func(r release) bool { return r.name == name })
	if at < 0 {
		return release{}, false
	}
	return releases()[at], true
}

// stockMachine is the expected result of each of them.
func stockMachine(t *testing.T, r release) situation {
	t.Helper()
	s := situation{name: "stock-configuration", title: "the stock configuration and PAM stack of this release", script: "true", sudo: "yes", may: []expected{{quiet: true}}}
	for _, words := range []string{"rsa-3072", "rsa-2048 from 203.0.113.9"} {
		a, err := parseAttempt(words)
		if err != nil {
			t.Fatal(err)
		}
		a.truth = "in"
		s.attempts = append(s.attempts, a)
	}
	// The unit of RHEL 8 passes the crypto policy to the daemon as options.
	if _, options, found := strings.Cut(files(t, "testdata/stock/"+r.sshd+".txt")["/etc/crypto-policies/back-ends/opensshserver.config"], "CRYPTO_POLICY='"); found {
		s.options = strings.Fields(strings.Trim(strings.TrimSpace(options), "'"))
	}
	return s
}

func (r release) persona(t *testing.T) roots.Persona {
	t.Helper()
	text, err := os.ReadFile("../../../distro/testdata/os-release/" + r.name)
	if err != nil {
		t.Fatal(err)
	}
	return roots.Like(r.name, r.suite, r.family, string(text))
}

// files are the files in a text of "-- /path --" lines, each with content.
func files(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, part := range strings.Split(string(text), "\n-- ")[1:] {
		file, content, ok := strings.Cut(part, " --\n")
		if !ok {
			t.Fatalf("%s: %q", name, part)
		}
		all[file] = content + "\n"
	}
	return all
}

// prepare writes the release's stock files, as they are before the package is installed.
func (r release) prepare(t *testing.T) func(*scene.Scene) error {
	t.Helper()
	all := files(t, "testdata/stock/"+r.sshd+".txt")
	if r.pam != "" {
		for name, content := range files(t, "../../../internal/signin/pam/testdata/stock/"+r.pam+".txt") {
			if strings.HasPrefix(name, "/etc/selinux/") {
				continue // it is not active here
			}
			// The package's own changes are left to it; the tests' package does not know
			// Azure Linux's own name for the account stack.
			var without []string
			for _, line := range strings.Split(content, "\n") {
				if !strings.Contains(line, "pam_aad.so") || name == "/etc/pam.d/system-account" {
					without = append(without, line)
				}
			}
			all[name] = strings.Join(without, "\n")
		}
	}
	return func(s *scene.Scene) error {
		// The answer of SSSD's module if SSSD does not run.
		script := "rm -rf /etc/ssh/sshd_config.d; d=$(dirname $(ls /lib/*/security/pam_permit.so)); cp /usr/lib/rig-modules/pam_unavail.so $d/pam_sss.so"
		if result, err := s.Run(t.Context(), nil, "sh", "-ec", script); err != nil || result.ExitCode != 0 {
			t.Errorf("%s: %v %s", r.name, err, result.Output())
		}
		if image := s.Target.Repository.OnImage; image != nil {
			for _, key := range image.Keys {
				all[key] = string(keys.Rig().Public)
			}
		}
		for name, content := range all {
			if err := s.WriteFile(name, []byte(content), 0o644); err != nil {
				return err
			}
		}
		return nil
	}
}
