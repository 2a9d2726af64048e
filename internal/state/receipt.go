package state

import (
	"cmp"
	"maps"
	"slices"

	"aadssh/internal/host"
)

// Receipt is what was on the machine before us and what we added, so that
// uninstall can leave the machine as it was found. It is written before the
// change that it covers.
type Receipt struct {
	Machine  string             `json:"machine"`
	System   string             `json:"system,omitempty"` // of the installed system, for where the hardware's id cannot be read
	Packages map[string]Package `json:"packages,omitempty"`
	Files    map[string]File    `json:"files,omitempty"`
	Folders  []string           `json:"folders,omitempty"` // that we made for files, outermost first
	// Originals are files that had to make room, by path.
	Originals map[string]Original `json:"originals,omitempty"`
	// Looked is the version of the program that looked for newer packages last. An
	// install that could not get to it, as on a full disk, leaves that to enable.
	Looked string `json:"looked,omitempty"`
	// Notice is why the installed version is not the newest one, in words for
	// people; enable repeats it, because it does not ask the repository.
	Notice string `json:"notice,omitempty"`
}

// Package is one package of the product.
type Package struct {
	_ [0]func() // never compared: no code for == is linked

	Before string `json:"before"` // version before us; empty: it is ours to remove
	// Kept is the file in PackagesDir from which it can be installed again
	// without network, and SHA256 that file's hash.
	Kept        string `json:"kept,omitempty"`
	KeptVersion string `json:"keptVersion,omitempty"`
	SHA256      string `json:"sha256,omitempty"`
}

// File is a file that we wrote.
type File struct {
	Before string `json:"before,omitempty"` // SHA-256 of what was there before us; empty: nothing was
	SHA256 string `json:"sha256"`           // of what we wrote
}

// ReadReceipt reads the receipt; it is empty where there is none, or where it
// was written on another machine (a captured image starts again). A damaged one
// is an error: guessing what to remove would be worse.
func ReadReceipt(h *host.Host) (Receipt, error) {
	hardware, system := hardwareID(h), systemID(h)
	fresh := Receipt{Machine: cmp.Or(hardware, system), System: system, Packages: map[string]Package{}, Files: map[string]File{}}
	var r Receipt
	found, err := ReadJSON(h, receiptFile, &r)
	if err != nil {
		return fresh, err
	}
	if !found || !r.from(hardware, system) {
		return fresh, nil
	}
	r.System = fresh.System
	if r.Packages == nil {
		r.Packages = map[string]Package{}
	}
	if r.Files == nil {
		r.Files = map[string]File{}
	}
	return r, nil
}

// from says whether a receipt was written for this machine. Where the hardware's id
// cannot be read this time (no /sys), the system's tells: taking a machine for
// another one would forget what is to be removed from it.
func (r Receipt) from(hardware, system string) bool {
	id := cmp.Or(hardware, system)
	if r.Machine == id || r.Machine == swapped(id) {
		return true
	}
	return hardware == "" && r.System != "" && r.System == system
}

// Clone is a copy that can be changed without changing r.
func (r Receipt) Clone() Receipt {
	r.Packages, r.Files, r.Folders = maps.Clone(r.Packages), maps.Clone(r.Files), slices.Clone(r.Folders)
	r.Originals = maps.Clone(r.Originals)
	return r
}

// Write writes the receipt; the same content is not written twice.
func (r Receipt) Write(h *host.Host) error { return WriteJSON(h, receiptFile, r) }

// SetAside keeps a damaged receipt under another name, before a new one takes its
// place. why is what ReadReceipt said: one that could not be read, as on a disk with
// an error, is not damaged for that, nothing takes its place, and why is returned.
func SetAside(h *host.Host, why error) error {
	if Unreadable(why) {
		return why
	}
	b, err := h.ReadFile(receiptFile, 1<<20)
	if err != nil {
		return err
	}
	_, err = h.EnsureFile(receiptFile+".damaged", b, 0o600)
	return err
}
