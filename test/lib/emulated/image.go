package emulated

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"aadssh/test/lib/box"
	"aadssh/test/lib/cache"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/wire"
)

// recipe has to be increased when the code below changes.
const recipe = "1"

// The files of an image.
const (
	kernel = "vmlinuz"
	initrd = "initrd"
	key    = "key" // for logging in as root
)

// image is a folder with a disk, a kernel, and the key for root. It takes minutes to build
// if it is not in the cache.
func image(ctx context.Context, c cache.Cache, root roots.Bootable) (string, error) {
	return c.Make(ctx, "disks", root.Persona.Name+"-"+cache.Key(root.Key(), recipe), func(dir string) error {
		tree := filepath.Join(dir, "root")
		if err := os.Mkdir(tree, 0o755); err != nil {
			return err
		}
		if err := root.Write(ctx, tree); err != nil {
			return err
		}
		if err := run(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rig", "-f", filepath.Join(dir, key)); err != nil {
			return err
		}
		if err := settle(dir, tree); err != nil {
			return err
		}
		// The labels of Debian's policy. Nothing is written to the tree after this. Some of
		// its releases reach a file through its descriptor, in /proc.
		label := `mount -t proc proc "$1/proc"; exec chroot "$1" setfiles -F -e /proc /etc/selinux/default/contexts/files/file_contexts /`
		if err := run(ctx, "unshare", "--mount", "sh", "-ec", label, "sh", tree); err != nil {
			return err
		}
		if err := run(ctx, "mke2fs", "-q", "-t", "ext4", "-d", tree, filepath.Join(dir, "disk"), "2G"); err != nil {
			return err
		}
		return errors.Join(
			take(filepath.Join(tree, "boot/vmlinuz-*"), filepath.Join(dir, kernel)),
			take(filepath.Join(tree, "boot/initrd.img-*"), filepath.Join(dir, initrd)),
			os.RemoveAll(tree),
		)
	})
}

// settle writes what a machine in Azure gets from its network and its image.
func settle(dir, tree string) error {
	public, err := os.ReadFile(filepath.Join(dir, key+".pub"))
	if err != nil {
		return err
	}
	network := "[Match]\nName=eth0\n[Network]\nAddress=" + wire.Guest + "/24\nGateway=" + wire.Gateway + "\n"
	for _, a := range []string{box.WireServer, box.Metadata, box.Packages} {
		network += "[Route]\nDestination=" + a + "/32\nGateway=" + wire.Gateway + "\n"
	}
	write := func(name, content string, mode os.FileMode) {
		path := filepath.Join(tree, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755))
		if e := os.Remove(path); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
		err = errors.Join(err, os.WriteFile(path, []byte(content), mode), os.Chmod(path, mode))
	}
	write("etc/systemd/network/10-eth.network", network, 0o644)
	// Nothing answers on port 53 there, so an unknown name fails at once.
	write("etc/resolv.conf", "nameserver "+box.WireServer+"\n", 0o644)
	write("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 vm\n", 0o644)
	write("etc/hostname", "vm\n", 0o644)
	write("etc/machine-id", "5d1c7a5e0b7d4c0c9a3f6e2d8b4a1f00\n", 0o444) // without one, systemd enables every unit at the first boot
	write("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=default\n", 0o644)
	write("root/.ssh/authorized_keys", string(public), 0o600)
	wants := filepath.Join(tree, "etc/systemd/system/multi-user.target.wants")
	return errors.Join(err,
		os.Chmod(filepath.Join(tree, "root/.ssh"), 0o700),
		os.Remove(filepath.Join(wants, agent)),
		os.Symlink("/usr/lib/systemd/system/systemd-networkd.service", filepath.Join(wants, "systemd-networkd.service")),
	)
}

// take copies the one file that matches a pattern.
func take(pattern, to string) error {
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		return fmt.Errorf("one file, not %q, is to match %s: %v", found, pattern, err)
	}
	content, err := os.ReadFile(found[0])
	return errors.Join(err, os.WriteFile(to, content, 0o644))
}

func run(ctx context.Context, argv ...string) error {
	if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", argv[0], err, out[max(0, len(out)-2000):])
	}
	return nil
}
