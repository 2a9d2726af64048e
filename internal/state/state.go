// Package state records the three things that cannot be found out by reading the machine:
// what was there before us (the receipt), that a reload of sshd is still due (pending), and
// which version takes the machine over (the handover). Everything else is read from the
// machine.
package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"aadssh/internal/atomicfile"
	"aadssh/internal/host"
)

// The files of the state.
const (
	receiptFile  = host.StateDir + "/receipt.json"
	pendingFile  = host.StateDir + "/pending"
	handoverFile = host.StateDir + "/handover"
	PackagesDir  = host.StateDir + "/packages"
)

// PackageLimit is the largest size of a package file that is kept, in bytes.
const PackageLimit = 64 << 20

// Dir creates the state folder, which only root may read.
func Dir(h *host.Host) error { return h.EnsureDir(host.StateDir, 0o700) }

// hardwareID is the VM's id in Azure; systemID is copied with an image that was not
// generalised.
func hardwareID(h *host.Host) string { return id(h, "/sys/class/dmi/id/product_uuid") }
func systemID(h *host.Host) string   { return id(h, "/etc/machine-id") }

// id is the one line of a file; "" if it cannot be read.
func id(h *host.Host, path string) string {
	b, err := h.ReadFile(path, 4096)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(string(b)))
}

// swapped is a hardware id with the bytes of its first three groups reversed: another
// kernel may read the same machine's id that way (canonical/cloud-init bug 1551419,
// Azure/WALinuxAgent#830).
func swapped(id string) string {
	groups := strings.Split(id, "-")
	if len(groups) != 5 || len(id) != 36 {
		return id
	}
	for i, g := range groups[:3] {
		var b strings.Builder
		for at := len(g) - 2; at >= 0; at -= 2 {
			b.WriteString(g[at : at+2])
		}
		groups[i] = b.String()
	}
	return strings.Join(groups, "-")
}

// BootID changes with every start of the machine.
func BootID(h *host.Host) string {
	b, err := h.ReadFile("/proc/sys/kernel/random/boot_id", 4096)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// Hash is the SHA-256 of a file's content, in hexadecimal.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// ReadJSON reads a file of ours. It returns false if there is none. A file that cannot be
// read or parsed is an error that names it.
func ReadJSON(h *host.Host, path string, into any) (bool, error) {
	b, err := h.ReadFile(path, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return true, nil
}

// Sweep removes temporary files in the state folder that earlier runs could neither finish
// nor remove, because the file system was read-only for example.
func Sweep(h *host.Host) {
	atomicfile.Sweep(h.Path(host.StateDir), func(string) bool { return true })
}

// WriteJSON writes a file of ours in the state folder, readable by root alone, unless its
// content is unchanged.
func WriteJSON(h *host.Host, path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := Dir(h); err != nil {
		return err
	}
	_, err = h.EnsureFile(path, append(b, '\n'), 0o600)
	return err
}

// Unwritable says why no state can be written on this machine, as far as that can be known
// without writing; nil if nothing is known to prevent it. If something that is no folder
// has the state folder's name, the error is ENOTDIR.
func Unwritable(h *host.Host) error {
	info, err := h.Stat(host.StateDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return h.MayWrite(path.Dir(host.StateDir))
	case err == nil && !info.IsDir():
		return &fs.PathError{Op: "mkdir", Path: host.StateDir, Err: syscall.ENOTDIR}
	}
	return h.MayWrite(host.StateDir)
}
