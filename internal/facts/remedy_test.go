package facts

import (
	"testing"

	"aadsshlogin-handler/distro"
)

func TestByManager(t *testing.T) {
	for _, c := range []struct {
		manager    distro.Manager
		next, want string
	}{
		{distro.Apt, "Reinstall the package aadsshlogin with the machine's package manager.", "Run: sudo apt-get install --reinstall aadsshlogin"},
		{distro.Dnf, "Reinstall the package aadsshlogin with the machine's package manager.", "Run: sudo dnf reinstall aadsshlogin"},
		{distro.Yum, "Install sudo with the machine's package manager.", "Run: sudo yum install sudo"},
		{distro.Tdnf, "Reinstall openssh-server and libpam with the machine's package manager.", "Run: sudo tdnf reinstall openssh-server pam"},
		{distro.Zypper, "Reinstall openssh-server with the machine's package manager.", "Run: sudo zypper install --force openssh"},
		{distro.Apt, "If that change was not yours, reinstall the package aadsshlogin with the machine's package manager.", "If that change was not yours, run: sudo apt-get install --reinstall aadsshlogin"},
		{distro.Apt, "Reinstall the package aadsshlogin-selinux with the machine's package manager; check with: sudo semodule -l", "Run: sudo apt-get install --reinstall aadsshlogin-selinux; check with: sudo semodule -l"},
		{distro.Apt, "Reinstall the package aadsshlogin with the machine's package manager. VMAccess removes the block.", "Run: sudo apt-get install --reinstall aadsshlogin. VMAccess removes the block."},
		{"", "Reinstall sudo with the machine's package manager.", "Reinstall sudo with the machine's package manager."},
		{distro.Apt, "Run: sudo systemctl start ssh", "Run: sudo systemctl start ssh"},
	} {
		got := ByManager(c.manager, c.next)
		if got != c.want || ByManager(c.manager, got) != got {
			t.Errorf("%s, %q: %q, want %q", c.manager, c.next, got, c.want)
		}
	}
}
