//go:build rig

package families

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// selinux is selinuxfs of a kernel that has SELinux enabled.
func selinux(t *testing.T, enforce string) box.Options {
	t.Helper()
	dir := t.TempDir()
	stage.Must(t, os.Mkdir(filepath.Join(dir, "selinux"), 0o755))
	stage.Must(t, os.WriteFile(filepath.Join(dir, "selinux", "enforce"), []byte(enforce), 0o644))
	return box.Options{Binds: []box.Bind{{From: dir, To: "/sys/fs"}}}
}

func both(version string) []fixtures.Spec {
	return append(login(version), fixtures.Spec{Name: fixtures.SELinux, Version: version})
}

// TestSELinuxPackage: the package is installed if the kernel has SELinux enabled, enforcing
// or not, and not otherwise.
func TestSELinuxPackage(t *testing.T) {
	t.Run("permissive", func(t *testing.T) {
		each(t, typical(), scene.Options{Packages: both(newer), Box: selinux(t, "0")}, func(m machine) {
			m.Want(0)
			m.Has("aadsshlogin-selinux", newer)
		})
	})
	each(t, kinds(), scene.Options{Packages: both(newer), Box: selinux(t, "1")}, func(m machine) {
		before := m.Snapshot()
		m.Want(0)
		m.Has("aadsshlogin", newer)
		m.Has("aadsshlogin-selinux", newer)
		m.idle()
		// It is required: if somebody removes it, it is installed again.
		m.Sh("dpkg --purge aadsshlogin-selinux 2>/dev/null || rpm -e aadsshlogin-selinux")
		m.Want(0)
		m.Has("aadsshlogin-selinux", newer)
		m.leave()
		m.Has("aadsshlogin-selinux", "")
		for _, line := range m.leftover(before) {
			if line != "+ /usr/share/aadsshlogin-selinux" { // the fixture's rpm does not own its folder
				m.T.Errorf("left behind: %s", line)
			}
		}
	})
}

func TestWithoutSELinux(t *testing.T) {
	each(t, typical(), scene.Options{Packages: both(newer)}, func(m machine) {
		m.calm(m.Want(0))
		m.Has("aadsshlogin", newer)
		m.Has("aadsshlogin-selinux", "")
	})
}

// TestConfiningPolicy: a policy of RHEL 10 that is known to break what sshd starts is
// reported before anything was denied, by the policy's package in rpm.
func TestConfiningPolicy(t *testing.T) {
	for version, reported := range map[string]bool{"42.1.18-4.el10_2.1": false, "42.1.18-4.el10_2.2": true, "43.3-1.el10_3": true} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			m := start(t, "rhel-10.0", scene.Options{Packages: both(newer), Box: selinux(t, "1")})
			stage.Must(t, m.CopyIn(policy(t, version), "/root/policy.rpm", 0o644))
			m.Sh("rpm -i --nodeps --nosignature /root/policy.rpm; rpm -q selinux-policy-" + version)
			// Its store, with the module that aadsshlogin-selinux loads into it.
			m.Sh("mkdir -p /etc/selinux/targeted/active/modules/400/aad_permissions; printf 'SELINUX=enforcing\\nSELINUXTYPE=targeted\\n' > /etc/selinux/config")
			m.SSHD()
			v := m.Want(0)
			promised := strings.HasPrefix(v.Report.Extension.Message, "People can sign in")
			if !reported && !promised || reported && promised {
				t.Errorf("enable says %s", v.Report.Extension.Message)
			}
			if reported {
				v.Warns("selinux", "selinux-policy "+version)
			}
		})
	}
}

// policy is an empty rpm file with that name.
func policy(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	number, release, _ := strings.Cut(version, "-")
	spec := fmt.Sprintf("Name: selinux-policy\nVersion: %s\nRelease: %s\nSummary: x\nLicense: x\nBuildArch: noarch\n%%description\nx\n%%files\n", number, release)
	stage.Must(t, os.WriteFile(filepath.Join(dir, "policy.spec"), []byte(spec), 0o644))
	build := exec.Command("rpmbuild", "-bb", "--quiet", "--define", "_topdir "+dir, "--define", "_rpmdir "+dir, "--define", "_rpmfilename policy.rpm", filepath.Join(dir, "policy.spec"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("rpmbuild: %v\n%s", err, out)
	}
	return filepath.Join(dir, "policy.rpm")
}

// TestSELinuxPackageIsNotThere: a repository without the package for SELinux.
func TestSELinuxPackageIsNotThere(t *testing.T) {
	each(t, kinds(), scene.Options{Packages: login(newer), Box: selinux(t, "1")}, func(m machine) {
		m.Want(28, "aadsshlogin-selinux")
		m.Has("aadsshlogin", "")
	})
}
