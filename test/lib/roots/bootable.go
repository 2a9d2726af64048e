package roots

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"aadssh/test/lib/cache"
)

// bootable are the packages of a machine with its own kernel, in addition to the essential
// ones. SELinux is installed, and does nothing unless the kernel enables it.
func bootable() []string {
	return []string{
		"ca-certificates", "systemd", "systemd-sysv", "dbus", "libpam-systemd", "udev", "procps",
		"openssh-server", "openssh-client", "sudo", "iproute2", "iptables", "curl", "gnupg", "waagent",
		"linux-image-cloud-amd64", "initramfs-tools",
		"policycoreutils", "selinux-utils", "selinux-policy-default",
	}
}

// Bootable is the recipe of a root for a (virtual) machine that boots.
type Bootable struct {
	Persona     Persona // of apt's family
	NewestAgent bool    // that of NewestAgent; else the suite's own
}

// Key changes when the result of Write does.
func (b Bootable) Key() string {
	return cache.Key(append(bootable(), b.Persona.Name, string(b.Persona.Suite), b.Persona.OSRelease, map[bool]string{true: pin}[b.NewestAgent])...)
}

// Write fills an empty folder with the root, which takes minutes.
func (b Bootable) Write(ctx context.Context, dir string) error {
	if err := bootstrap(ctx, dir, b.Persona.Suite, strings.Join(bootable(), ","), b.NewestAgent); err != nil || b.Persona.OSRelease == "" {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "usr/lib/os-release"), []byte(b.Persona.OSRelease), 0o644),
		os.Remove(filepath.Join(dir, "etc/debian_version")),
	)
}
