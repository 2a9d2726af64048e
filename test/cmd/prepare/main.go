// Command prepare installs what the test machines need and this machine lacks, with apt, as
// root. If nothing is missing it changes nothing. Arguments: further Debian packages, for
// tests that need more than most.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// tools are the Debian packages that the test machines need, and why.
func tools() []string {
	return []string{
		"mmdebstrap",          // roots
		"apt-utils",           // apt-ftparchive: apt repositories
		"rpm", "createrepo-c", // rpm packages and repositories
		"gnupg",            // rpmsign signs with it
		"gcc", "libc6-dev", // the fixtures' PAM and NSS modules
		"iproute2", "util-linux", // a box's addresses; nsenter
		"nftables", "iptables", // packet filters, tested in a namespace
		"strace",               // what a command wrote and read
		"systemd-container",    // machines with systemd
		"openssh-client",       // signing in
		"pamtester",            // libpam's result for a stack
		"openssl",              // certificates of protected settings
		"ansible-core",         // the role
		"minisign",             // signing a release
		"extrepo-offline-data", // the vendor's key as Debian distributes it
		"zip", "unzip", "zstd",
	}
}

func main() {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func prepare() error {
	var missing []string
	for _, name := range append(tools(), os.Args[1:]...) {
		out, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Status}", name).Output()
		if err != nil || string(out) != "installed" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("these packages are missing: %s. Run it as root, or install them", strings.Join(missing, " "))
	}
	fmt.Println("installing", strings.Join(missing, " "))
	for _, args := range [][]string{
		{"apt-get", "update", "-q"},
		append([]string{"apt-get", "install", "-y", "-q", "--no-install-recommends"}, missing...),
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}
