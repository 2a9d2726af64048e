package facts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host/hosttest"
)

// Systems whose packages come with an image are recognized by os-release or by their files.
// A read-only /usr alone does not make a machine one of them.
func TestLookImage(t *testing.T) {
	const root = "/dev/sda2 / btrfs %s,relatime,subvol=/@/.snapshots/1/snapshot 0 0\n"
	for name, c := range map[string]struct {
		variant string
		files   map[string]string
		want    string
	}{
		"plain":                      {"", nil, ""},
		"server":                     {"server", nil, ""},
		"OS Guard":                   {"osguard", nil, "Azure Linux OS Guard"},
		"Azure Container Linux":      {"azurecontainerlinux", nil, "Azure Container Linux"},
		"CoreOS":                     {"coreos", nil, "VARIANT_ID=coreos"},
		"SL Micro":                   {"transactional", nil, "SL Micro"},
		"ostree":                     {"", map[string]string{"/run/ostree-booted": ""}, "ostree"},
		"transactional":              {"", map[string]string{"/usr/sbin/transactional-update": "", "/proc/self/mounts": strings.ReplaceAll(root, "%s", "ro")}, "transactional"},
		"transactional, not used":    {"", map[string]string{"/usr/sbin/transactional-update": "", "/proc/self/mounts": strings.ReplaceAll(root, "%s", "rw")}, ""},
		"read-only root":             {"", map[string]string{"/proc/self/mounts": strings.ReplaceAll(root, "%s", "ro")}, ""},
		"read-only /usr, no image":   {"", map[string]string{"/proc/self/mounts": strings.ReplaceAll(root, "%s", "rw") + "/dev/sda3 /usr ext4 ro,relatime 0 0\n"}, ""},
		"root that was mounted over": {"", map[string]string{"/usr/sbin/transactional-update": "", "/proc/self/mounts": "rootfs / rootfs ro 0 0\n" + strings.ReplaceAll(root, "%s", "rw")}, ""},
	} {
		h := hosttest.New(t).Host()
		for path, content := range c.files {
			full := filepath.Join(h.Root, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got := findImage(h, distro.Release{ID: "sles", VersionID: "15.6", Variant: c.variant})
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
