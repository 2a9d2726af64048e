package facts

import (
	"path/filepath"
	"testing"

	"aadssh/distro"
	"aadssh/internal/check"
	"aadssh/internal/repo"
	"aadssh/internal/state"
	"aadssh/pkgmgr"
)

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		manager    distro.Manager
		next, want string
	}{
		{distro.Apt, "Reinstall the package aadsshlogin with the machine's package manager.", "Run: sudo apt-get update && sudo apt-get install --reinstall aadsshlogin"},
		{distro.Dnf, "Reinstall the package aadsshlogin with the machine's package manager.", "Run: sudo dnf reinstall aadsshlogin"},
		{distro.Yum, "Install sudo with the machine's package manager.", "Run as root: yum install sudo"},
		{distro.Apt, "Reinstall sudo with the machine's package manager.", "Run as root: apt-get install --reinstall -o Dpkg::Options::=--force-confmiss sudo"},
		{distro.Apt, "Reinstall openssh-server and libpam with the machine's package manager.", "Run: sudo apt-get install --reinstall -o Dpkg::Options::=--force-confmiss openssh-server libpam-modules libpam-modules-bin libpam-runtime"},
		{distro.Tdnf, "Reinstall openssh-server and libpam with the machine's package manager.", "Run: sudo tdnf reinstall openssh-server pam"},
		{distro.Zypper, "Reinstall openssh-server with the machine's package manager.", "Run: sudo zypper install --force openssh"},
		{distro.Apt, "If that change was not yours, reinstall the package aadsshlogin with the machine's package manager.", "If that change was not yours, run: sudo apt-get update && sudo apt-get install --reinstall aadsshlogin"},
		{distro.Apt, "Reinstall the package aadsshlogin-selinux with the machine's package manager; check with: sudo semodule -l", "Run: sudo apt-get update && sudo apt-get install --reinstall aadsshlogin-selinux; check with: sudo semodule -l"},
		{distro.Apt, "Reinstall the package aadsshlogin with the machine's package manager. VMAccess removes the block.", "Run: sudo apt-get update && sudo apt-get install --reinstall aadsshlogin. VMAccess removes the block."},
		{"", "Reinstall sudo with the machine's package manager.", "Reinstall sudo with the machine's package manager."},
		{distro.Apt, "Run: sudo systemctl start ssh", "Run: sudo systemctl start ssh"},
	} {
		f := sourced(c.manager)
		f.Target.Manager, f.Target.Packages.Login, f.Target.Packages.SELinux = c.manager, "aadsshlogin", "aadsshlogin-selinux"
		got := f.Commands(&check.Result{Next: c.next})
		if got != c.want || f.Commands(&check.Result{Next: got}) != got {
			t.Errorf("%s, %q: %q, want %q", c.manager, c.next, got, c.want)
		}
	}
}

// A reinstallation uses the kept file, or else a source, or else the program that fetches
// the package: apt reports that a package which no source has cannot be downloaded, and
// exits with 0.
func TestReinstallation(t *testing.T) {
	const words = "Reinstall the package aadsshlogin with the machine's package manager."
	const deb, rpm = "/var/lib/aadsshlogin-handler/packages/aadsshlogin_1_amd64.deb", "/var/lib/aadsshlogin-handler/packages/aadsshlogin-1.rpm"
	for _, c := range []struct {
		manager distro.Manager
		kept    string
		source  bool
		want    string
	}{
		{distro.Apt, deb, true, "Run: sudo dpkg --force-confdef --force-confold --install " + deb},
		{distro.Apt, deb, false, "Run: sudo dpkg --force-confdef --force-confold --install " + deb},
		{distro.Apt, "", true, "Run: sudo apt-get update && sudo apt-get install --reinstall aadsshlogin"},
		{distro.Dnf, rpm, false, "Run: sudo rpm -U --replacepkgs --oldpackage " + rpm},
		{distro.Yum, rpm, false, "Run: sudo rpm -U --replacepkgs --oldpackage " + rpm},
		{distro.Tdnf, rpm, true, "Run: sudo rpm -U --replacepkgs --oldpackage " + rpm},
		{distro.Zypper, rpm, false, "Run: sudo rpm -U --replacepkgs --oldpackage " + rpm},
		{distro.Zypper, "", true, "Run: sudo zypper install --force aadsshlogin"},
		{distro.Apt, "", false, Refetch}, {distro.Dnf, "", false, Refetch}, {distro.Yum, "", false, Refetch}, {distro.Tdnf, "", false, Refetch}, {distro.Zypper, "", false, Refetch},
	} {
		f := &Facts{}
		if c.source {
			f = sourced(c.manager)
		}
		f.Target.Manager, f.Target.Packages.Login = c.manager, "aadsshlogin"
		if c.kept != "" {
			keep(f, c.kept)
		}
		if got := f.Commands(&check.Result{Next: words}); got != c.want {
			t.Errorf("%s, kept %q, source %v: %q, want %q", c.manager, c.kept, c.source, got, c.want)
		}
		f.SSHD.Unit = "ssh"
		then := " && sudo sshd -t && sudo systemctl reload-or-restart ssh"
		if c.want == Refetch {
			then = ""
		}
		if got := f.Commands(&check.Result{Next: words + " VMAccess removes it.", Part: check.Scripts, Row: &check.About{Group: "sshd"}}); got != c.want+then+". VMAccess removes it." {
			t.Errorf("%s, and what comes then: %s", c.manager, got)
		}
		if got := f.Commands(&check.Result{Next: words, Part: check.Scripts, Row: &check.About{Group: "nss"}}); got != c.want {
			t.Errorf("%s, and sshd has nothing to read: %s", c.manager, got)
		}
		others := "Run: sudo " + installing(c.manager, true) + " bash"
		if c.manager == distro.Apt {
			others = "Run: sudo apt-get install --reinstall -o Dpkg::Options::=--force-confmiss bash"
		}
		if got := f.Commands(&check.Result{Next: "Reinstall bash with the machine's package manager."}); got != others {
			t.Errorf("another's package: %s", got)
		}
	}
	for _, c := range []struct {
		f    *Facts
		kept bool
		want string
	}{
		{&Facts{}, true, "Run: sudo dpkg --force-confmiss --force-confdef --force-confold --install " + deb},
		{sourced(distro.Apt), false, "Run: sudo apt-get update && sudo apt-get install --reinstall -o Dpkg::Options::=--force-confmiss aadsshlogin"},
		{&Facts{}, false, Refetch + "; then run: sudo apt-get update && sudo apt-get install --reinstall -o Dpkg::Options::=--force-confmiss aadsshlogin"},
	} {
		c.f.Target.Manager, c.f.Target.Packages.Login = distro.Apt, "aadsshlogin"
		if c.kept {
			keep(c.f, deb)
		}
		if got := c.f.Commands(&check.Result{Next: words, Part: check.Conffile}); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// sourced is a machine that has our definition of the repository.
func sourced(m distro.Manager) *Facts {
	return &Facts{Sources: []repo.Entry{{File: repo.DefinitionPath(m), Enabled: true}}}
}

// keep notes the package's file as one that was kept.
func keep(f *Facts, file string) {
	f.Packages = pkgmgr.Packages{"aadsshlogin": {Version: "1"}}
	f.Receipt.Packages = map[string]state.Package{"aadsshlogin": {Kept: filepath.Base(file), KeptVersion: "1"}}
}
