//go:build rig

package rig_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

const version = "1.0.033070001"

// run runs a command in the machine with the agent's environment.
func run(t *testing.T, m *rig.Machine, argv ...string) box.Result {
	t.Helper()
	r, err := m.Run(t.Context(), append(box.Environment(), "DEBIAN_FRONTEND=noninteractive"), argv...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// must is run for a command that has to succeed.
func must(t *testing.T, m *rig.Machine, argv ...string) string {
	t.Helper()
	r := run(t, m, argv...)
	if r.ExitCode != 0 {
		t.Fatalf("%q exits %d\n%s", argv, r.ExitCode, r.Output())
	}
	return r.Output()
}

// aptMachine is a test machine of the apt family with the vendor's repository configured.
func aptMachine(t *testing.T, p roots.Persona, packages ...fixtures.Spec) *rig.Machine {
	t.Helper()
	m := rig.New(t, rig.Options{Persona: p, Path: "/rig/prod", Suite: "rig", Packages: packages})
	ring, err := keys.Rig().Binary()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"/usr/share/keyrings/rig.gpg":         ring,
		"/etc/apt/sources.list.d/vendor.list": fmt.Appendf(nil, "deb [signed-by=/usr/share/keyrings/rig.gpg] https://%s/rig/prod rig main\n", pkghost.Name),
	} {
		if err := m.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// signIn does what sshd would do for a user.
func signIn(t *testing.T, m *rig.Machine, user string) string {
	t.Helper()
	return must(t, m, "/usr/sbin/sshd", "-T", "-C", "user="+user+",host=box,addr=127.0.0.1")
}

func aptPersonas() []roots.Persona {
	return []roots.Persona{
		roots.Debian(roots.Bullseye), roots.Debian(roots.Bookworm), roots.Debian(roots.Trixie),
		roots.Ubuntu("16.04"), roots.Ubuntu("20.04"), roots.Ubuntu("22.04"), roots.Ubuntu("24.04"),
	}
}

func TestAptLifeOfThePackage(t *testing.T) {
	for _, p := range aptPersonas() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			m := aptMachine(t, p, fixtures.Spec{Name: fixtures.Login, Version: version})
			if r := run(t, m, "sh", "-c", "command -v dnf || command -v zypper || command -v rpm"); r.ExitCode == 0 {
				t.Errorf("another family's package manager is there: %s", r.Stdout)
			}
			clean, err := m.ReadFile("/etc/ssh/sshd_config")
			if err != nil {
				t.Fatal(err)
			}
			must(t, m, "apt-get", "update")
			must(t, m, "apt-get", "install", "-y", "aadsshlogin")
			if got := signIn(t, m, "someone@example.com"); !strings.Contains(got, "authorizedkeyscommand /usr/sbin/aad_certhandler %u %k") {
				t.Errorf("sshd does not ask the cert handler:\n%s", got)
			}
			if got := signIn(t, m, "root"); !strings.Contains(got, "authorizedkeyscommand none") {
				t.Error("local users must not be changed")
			}
			must(t, m, "grep", "-Eq", "^passwd:.* aad", "/etc/nsswitch.conf")
			must(t, m, "grep", "-Eq", "^auth.*pam_aad.so", "/etc/pam.d/common-auth")
			must(t, m, "grep", "-Eq", "^account.*pam_aad.so", "/etc/pam.d/common-account")
			must(t, m, "aaduseradd", "someone@example.com")
			if got := must(t, m, "getent", "passwd", "someone@example.com"); !strings.Contains(got, ":/home/someone:") {
				t.Errorf("NSS does not resolve a person of the directory: %q", got)
			}
			if r := run(t, m, "getent", "passwd", "nobody-at-all@example.com"); r.ExitCode != 2 {
				t.Errorf("NSS resolves everybody: %q", r.Output())
			}

			if err := m.WriteFile("/etc/ssh/sshd_config", clean, 0o644); err != nil { // as VMAccess reset_ssh does
				t.Fatal(err)
			}
			must(t, m, "apt-get", "install", "-y", "--reinstall", "aadsshlogin")
			if got := signIn(t, m, "00000000-aaaa-bbbb-cccc-000000000000"); !strings.Contains(got, "aad_certhandler") {
				t.Error("a reinstall does not register the package again")
			}
			if n := strings.Count(must(t, m, "cat", "/etc/ssh/sshd_config"), "aad_certhandler"); n != 1 {
				t.Errorf("%d blocks in sshd_config", n)
			}

			must(t, m, "apt-get", "purge", "-y", "aadsshlogin")
			if got, err := m.ReadFile("/etc/ssh/sshd_config"); err != nil || string(got) != string(clean) {
				t.Errorf("purge leaves sshd_config changed (%v)", err)
			}
			if got := must(t, m, "cat", "/etc/nsswitch.conf", "/etc/pam.d/common-auth", "/etc/pam.d/common-account"); strings.Contains(got, "aad") {
				t.Errorf("purge leaves traces:\n%s", got)
			}
			if r := run(t, m, "dpkg-query", "-W", "aadsshlogin"); r.ExitCode == 0 {
				t.Errorf("still known to dpkg: %s", r.Output())
			}
			for _, r := range m.Packages.Requests() {
				if r.Scheme != "https" {
					t.Errorf("not over TLS: %s", r)
				}
			}
		})
	}
}

func TestAptRefusesTheWrongKey(t *testing.T) {
	m := aptMachine(t, roots.Debian(roots.Bookworm))
	wrong := keys.Wrong()
	if err := m.Offer(t.Context(), rig.Options{
		Persona: roots.Debian(roots.Bookworm), Path: "/rig/prod", Suite: "rig", Key: &wrong,
		Packages: []fixtures.Spec{{Name: fixtures.Login, Version: version}},
	}); err != nil {
		t.Fatal(err)
	}
	if r := run(t, m, "apt-get", "update"); r.ExitCode != 100 || !strings.Contains(r.Output(), "NO_PUBKEY") {
		t.Errorf("exit %d\n%s", r.ExitCode, r.Output())
	}
}

func TestAptFixtureVariants(t *testing.T) {
	debian := roots.Debian(roots.Bookworm)
	t.Run("does not register again", func(t *testing.T) {
		m := aptMachine(t, debian, fixtures.Spec{Name: fixtures.Login, Version: version, FirstOnly: true})
		must(t, m, "sh", "-c", "apt-get update && apt-get install -y aadsshlogin && sed -i '/Added by aadsshlogin/,$d' /etc/ssh/sshd_config && apt-get install -y --reinstall aadsshlogin")
		if strings.Contains(signIn(t, m, "someone@example.com"), "aad_certhandler") {
			t.Error("it registered again")
		}
	})
	t.Run("installation fails", func(t *testing.T) {
		m := aptMachine(t, debian, fixtures.Spec{Name: fixtures.Login, Version: version, FailPost: true})
		must(t, m, "apt-get", "update")
		if r := run(t, m, "apt-get", "install", "-y", "aadsshlogin"); r.ExitCode != 100 {
			t.Errorf("exit %d", r.ExitCode)
		}
		if got := must(t, m, "dpkg-query", "-W", "-f", "${Status}", "aadsshlogin"); got != "install ok half-configured" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("held and noisy", func(t *testing.T) {
		m := aptMachine(t, debian, fixtures.Spec{Name: fixtures.Login, Version: version, Hold: "/run/hold", Noise: 200})
		must(t, m, "sh", "-c", "apt-get update; touch /run/hold")
		p, err := m.Start(nil, "apt-get", "install", "-y", "aadsshlogin")
		if err != nil {
			t.Fatal(err)
		}
		must(t, m, "sh", "-c", "until dpkg-query -W -f '${Status}' aadsshlogin | grep -q half-configured; do sleep 0.02; done")
		if r := run(t, m, "apt-get", "install", "-y", "aadsshlogin"); !strings.Contains(r.Output(), "Could not get lock") {
			t.Errorf("the lock is not held:\n%s", r.Output())
		}
		must(t, m, "rm", "/run/hold")
		r, err := p.Wait(t.Context())
		if err != nil || r.ExitCode != 0 || strings.Count(r.Output(), "progress line") != 200 {
			t.Errorf("%v, exit %d\n%s", err, r.ExitCode, r.Output())
		}
	})
	t.Run("takes its time", func(t *testing.T) {
		m := aptMachine(t, debian, fixtures.Spec{Name: fixtures.Login, Version: version, Sleep: 1500 * time.Millisecond})
		must(t, m, "apt-get", "update")
		began := time.Now()
		must(t, m, "apt-get", "install", "-y", "aadsshlogin")
		if took := time.Since(began); took < 1500*time.Millisecond {
			t.Errorf("took %s only", took)
		}
	})
	t.Run("replaces the legacy package", func(t *testing.T) {
		m := aptMachine(t, debian, fixtures.Spec{Name: fixtures.Login, Version: version},
			fixtures.Spec{Name: fixtures.Legacy, Version: "1.0.016050002"}, fixtures.Spec{Name: fixtures.LegacySELinux, Version: "1.0.016050002"})
		must(t, m, "sh", "-c", "apt-get update; apt-get install -y aadlogin aadlogin-selinux")
		must(t, m, "grep", "-q", "pam_aad.so", "/etc/pam.d/common-auth")
		must(t, m, "apt-get", "install", "-y", "aadsshlogin", "aadlogin-")
		if got := must(t, m, "sh", "-c", "dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' 'aad*'"); !strings.Contains(got, "aadsshlogin ii") || strings.Contains(got, "aadlogin ii") {
			t.Errorf("got\n%s", got)
		}
		if n := strings.Count(must(t, m, "cat", "/etc/pam.d/common-auth"), "pam_aad.so"); n != 1 {
			t.Errorf("%d PAM registrations", n)
		}
	})
	t.Run("legacy package that cannot be removed", func(t *testing.T) {
		m := aptMachine(t, debian, fixtures.Spec{Name: fixtures.Legacy, Version: "1.0.016050002", FailPre: true})
		must(t, m, "sh", "-c", "apt-get update; apt-get install -y aadlogin")
		if r := run(t, m, "apt-get", "remove", "-y", "aadlogin"); r.ExitCode != 100 || !strings.Contains(r.Output(), "currently used by process") {
			t.Errorf("exit %d\n%s", r.ExitCode, r.Output())
		}
	})
	t.Run("selinux package", func(t *testing.T) {
		m := aptMachine(t, debian, fixtures.Spec{Name: fixtures.SELinux, Version: version})
		must(t, m, "sh", "-c", "apt-get update; apt-get install -y aadsshlogin-selinux; apt-get purge -y aadsshlogin-selinux")
	})
}

func TestSlowFixtureTakesTenSeconds(t *testing.T) {
	m := aptMachine(t, roots.Debian(roots.Bookworm), fixtures.Slow(version)...)
	must(t, m, "apt-get", "update")
	began := time.Now()
	must(t, m, "apt-get", "install", "-y", "aadsshlogin")
	if took := time.Since(began); took < 10*time.Second {
		t.Errorf("the bare transaction takes %s, not ten seconds", took)
	}
	if n := strings.Count(must(t, m, "dpkg-query", "-W", "aadsshlogin-dep*"), "\n"); n != 12 {
		t.Errorf("%d dependencies", n)
	}
}

func TestAptAsksOnlyForWhatItNeeds(t *testing.T) {
	m := aptMachine(t, roots.Debian(roots.Bookworm), fixtures.Spec{Name: fixtures.Login, Version: version})
	must(t, m, "sh", "-c", "apt-get update && apt-get install -y aadsshlogin")
	var paths []string
	for _, r := range m.Packages.Requests() {
		paths = append(paths, strings.TrimPrefix(r.Path, "/rig/prod"))
	}
	want := []string{"/dists/rig/InRelease", "/dists/rig/main/binary-amd64/Packages.gz", "/pool/main/a/aadsshlogin/aadsshlogin_" + version + "_amd64.deb"}
	if !slices.Equal(paths, want) {
		t.Errorf("got %q\nwant %q", paths, want)
	}
}
