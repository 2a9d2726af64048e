//go:build rig

package rig_test

import (
	"fmt"
	"strings"
	"testing"

	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/keys"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/rig"
	"aadssh/test/lib/roots"
)

const older = "1.0.027980001"

// rpmMachine is a test machine of an rpm family with the vendor's repository configured,
// which trusts the key of the tests.
func rpmMachine(t *testing.T, p roots.Persona, packages ...fixtures.Spec) *rig.Machine {
	t.Helper()
	m := rig.New(t, rig.Options{Persona: p, Path: "/rig/prod", Packages: packages})
	folder, more := "/etc/yum.repos.d", ""
	if p.Family == roots.Zypper {
		// Without pkg_gpgcheck zypper does not check the signatures of packages if that of
		// the metadata is valid.
		folder, more = "/etc/zypp/repos.d", "pkg_gpgcheck=1\n"
	}
	for name, content := range map[string][]byte{
		"/etc/pki/rpm-gpg/rig.asc": keys.Rig().Public,
		folder + "/vendor.repo": fmt.Appendf(nil, "[vendor]\nname=vendor\nbaseurl=https://%s/rig/prod\nenabled=1\n"+
			"gpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/rig.asc\n%s", pkghost.Name, more),
	} {
		if err := m.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if p.Family == roots.Zypper {
		must(t, m, "rpm", "--import", "/etc/pki/rpm-gpg/rig.asc")
	}
	return m
}

// manager is the package manager's command line on a test machine.
func manager(p roots.Persona, args ...string) []string {
	if p.Family == roots.Zypper {
		return append([]string{"zypper", "--non-interactive"}, args...)
	}
	return append([]string{string(p.Family), "-y"}, args...)
}

func rpmPersonas() []roots.Persona {
	azure := roots.Like("azurelinux3.0", roots.Bookworm, roots.Tdnf, "NAME=\"Microsoft Azure Linux\"\nVERSION=\"3.0\"\nID=azurelinux\nVERSION_ID=\"3.0\"\n")
	return []roots.Persona{
		roots.RHEL("7.9"), roots.RHEL("8.10"), roots.RHEL("9.4"), roots.RHEL("10.0"), azure,
		roots.SLES("15.5"), roots.SLES("15.6"),
	}
}

func TestRPMLifeOfThePackage(t *testing.T) {
	for _, p := range rpmPersonas() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			m := rpmMachine(t, p, fixtures.Spec{Name: fixtures.Login, Version: older}, fixtures.Spec{Name: fixtures.Login, Version: version})
			if r := run(t, m, "sh", "-c", "command -v apt-get || command -v dpkg"); r.ExitCode == 0 {
				t.Errorf("another family's package manager is there: %s", r.Stdout)
			}
			pin := "aadsshlogin-" + older
			if p.Family == roots.Zypper {
				pin = "aadsshlogin=" + older
			}
			must(t, m, manager(p, "install", pin)...)
			if got := must(t, m, "rpm", "-q", "aadsshlogin"); !strings.HasPrefix(got, "aadsshlogin-"+older+"-1.") {
				t.Errorf("got %q", got)
			}
			must(t, m, manager(p, "update", "aadsshlogin")...)
			if got := must(t, m, "rpm", "-q", "aadsshlogin"); !strings.HasPrefix(got, "aadsshlogin-"+version+"-1.") {
				t.Errorf("got %q", got)
			}
			if got := signIn(t, m, "someone@example.com"); !strings.Contains(got, "authorizedkeyscommand /usr/sbin/aad_certhandler %u %k") {
				t.Errorf("sshd does not ask the cert handler:\n%s", got)
			}
			stacks := "/etc/pam.d/password-auth /etc/pam.d/system-auth"
			if p.Family == roots.Zypper {
				stacks = "/etc/pam.d/common-auth /etc/pam.d/common-account"
			}
			must(t, m, "sh", "-c", "cat "+stacks+" | grep -E '^auth.*pam_aad.so' && cat "+stacks+" | grep -E '^account.*pam_aad.so'")
			must(t, m, "aaduseradd", "someone@example.com")
			must(t, m, "getent", "passwd", "someone@example.com")
			if p.Family == roots.Zypper {
				must(t, m, manager(p, "install", "--force", "aadsshlogin")...)
			} else {
				must(t, m, manager(p, "reinstall", "aadsshlogin")...)
			}
			must(t, m, manager(p, "remove", "aadsshlogin")...)
			if got := must(t, m, "sh", "-c", "cat /etc/nsswitch.conf /etc/ssh/sshd_config "+stacks); strings.Contains(got, "aad") {
				t.Errorf("removal leaves traces:\n%s", got)
			}
			if r := run(t, m, "rpm", "-q", "aadsshlogin"); r.ExitCode != 1 {
				t.Errorf("still there: %s", r.Output())
			}
		})
	}
}

func TestRPMFixtureVariants(t *testing.T) {
	type row struct {
		name    string
		persona roots.Persona
		spec    fixtures.Spec
		exit    int
		says    string
		present bool // the package is in the database afterwards
	}
	rhel, sles := roots.RHEL("9.4"), roots.SLES("15.6")
	for _, c := range []row{
		{"dnf, unsigned", rhel, fixtures.Spec{Signing: fixtures.Unsigned}, 1, "is not signed", false},
		{"dnf, wrong key", rhel, fixtures.Spec{Signing: fixtures.WrongKey}, 1, "GPG check FAILED", false},
		{"dnf, post fails", rhel, fixtures.Spec{FailPost: true}, 0, "scriptlet", true},
		{"zypper, unsigned", sles, fixtures.Spec{Signing: fixtures.Unsigned}, 8, "not signed", false},
		{"zypper, wrong key", sles, fixtures.Spec{Signing: fixtures.WrongKey}, 8, "Signature verification failed", false},
		{"zypper, post fails", sles, fixtures.Spec{FailPost: true}, 107, "scriptlet", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.spec.Name, c.spec.Version = fixtures.Login, version
			m := rpmMachine(t, c.persona, c.spec)
			r := run(t, m, manager(c.persona, "install", "aadsshlogin")...)
			if r.ExitCode != c.exit || !strings.Contains(r.Output(), c.says) {
				t.Errorf("exit %d, want %d saying %q\n%s", r.ExitCode, c.exit, c.says, r.Output())
			}
			if q := run(t, m, "rpm", "-q", "aadsshlogin"); (q.ExitCode == 0) != c.present {
				t.Errorf("installed: %v, want %v", q.ExitCode == 0, c.present)
			}
		})
	}
	t.Run("does not register again", func(t *testing.T) {
		m := rpmMachine(t, rhel, fixtures.Spec{Name: fixtures.Login, Version: version, FirstOnly: true})
		must(t, m, "sh", "-c", "dnf -y install aadsshlogin && sed -i '/Added by aadsshlogin/,$d' /etc/ssh/sshd_config && dnf -y reinstall aadsshlogin")
		if strings.Contains(signIn(t, m, "someone@example.com"), "aad_certhandler") {
			t.Error("it registered again")
		}
	})
	t.Run("registers again", func(t *testing.T) {
		m := rpmMachine(t, rhel, fixtures.Spec{Name: fixtures.Login, Version: version})
		must(t, m, "sh", "-c", "dnf -y install aadsshlogin && sed -i '/Added by aadsshlogin/,$d' /etc/ssh/sshd_config && dnf -y reinstall aadsshlogin")
		if !strings.Contains(signIn(t, m, "someone@example.com"), "aad_certhandler") {
			t.Error("it did not register again")
		}
	})
	t.Run("legacy", func(t *testing.T) {
		m := rpmMachine(t, rhel, fixtures.Spec{Name: fixtures.Login, Version: version}, fixtures.Spec{Name: fixtures.SELinux, Version: version},
			fixtures.Spec{Name: fixtures.Legacy, Version: "1.0.016050002", FailPre: true}, fixtures.Spec{Name: fixtures.LegacySELinux, Version: "1.0.016050002"})
		must(t, m, "dnf", "-y", "install", "aadlogin", "aadlogin-selinux")
		if r := run(t, m, "dnf", "-y", "install", "aadsshlogin"); r.ExitCode != 1 || !strings.Contains(r.Output(), "conflicts with aadlogin") {
			t.Errorf("exit %d\n%s", r.ExitCode, r.Output())
		}
		if r := run(t, m, "dnf", "-y", "remove", "aadlogin"); r.ExitCode == 0 || !strings.Contains(r.Output(), "currently used by process") {
			t.Errorf("exit %d\n%s", r.ExitCode, r.Output())
		}
		must(t, m, "rpm", "-e", "--noscripts", "aadlogin", "aadlogin-selinux")
		must(t, m, "dnf", "-y", "install", "aadsshlogin", "aadsshlogin-selinux")
	})
}

func TestRPMMetadataByTheWrongKey(t *testing.T) {
	wrong := keys.Wrong()
	for _, p := range []roots.Persona{roots.RHEL("9.4"), roots.SLES("15.6")} {
		m := rpmMachine(t, p)
		if err := m.Offer(t.Context(), rig.Options{Persona: p, Path: "/rig/prod", Key: &wrong, Packages: []fixtures.Spec{{Name: fixtures.Login, Version: version}}}); err != nil {
			t.Fatal(err)
		}
		if r := run(t, m, manager(p, "install", "aadsshlogin")...); r.ExitCode == 0 || !strings.Contains(strings.ToLower(r.Output()), "gpg") && !strings.Contains(r.Output(), "ignature") {
			t.Errorf("%s: exit %d\n%s", p.Name, r.ExitCode, r.Output())
		}
	}
}
