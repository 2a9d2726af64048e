package facts

import (
	"strings"

	"aadssh/distro"
	"aadssh/internal/host"
	"aadssh/internal/text"
)

// findImage reports whether the machine is built as an image, and how that is known: an
// installed package would not last there, or cannot be installed at all. A read-only /usr
// alone is a fault and no such system.
func findImage(h *host.Host, r distro.Release) string {
	if name := r.Image(); name != "" {
		return name + ", by VARIANT_ID=" + r.Variant + " in os-release"
	}
	if h.Exists("/run/ostree-booted") { // ostree(1), ostree-prepare-root(1)
		return "an ostree deployment, by /run/ostree-booted"
	}
	// transactional-update(8) works on snapshots and has a read-only root.
	if h.Exists("/usr/sbin/transactional-update") && readOnlyRoot(h) {
		return "a transactional system, by transactional-update and a read-only root"
	}
	return ""
}

// readOnlyRoot evaluates the last mount of / in lines such as
//
//	/dev/sda2 / btrfs ro,relatime,subvol=/@/.snapshots/1/snapshot 0 0
func readOnlyRoot(h *host.Host) bool {
	b, err := h.ReadFile("/proc/self/mounts", host.Limit)
	if err != nil {
		return false
	}
	readOnly := false
	for _, line := range text.SplitLines(string(b)) {
		if f := strings.Fields(line); len(f) > 3 && f[1] == "/" {
			readOnly = f[3] == "ro" || strings.HasPrefix(f[3], "ro,")
		}
	}
	return readOnly
}
