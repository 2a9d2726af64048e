package state

import (
	"cmp"
	"maps"
	"slices"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// Receipt records what was on the machine before us and what we added, so that uninstall
// can leave the machine as it was found. It is written before the change that it covers.
type Receipt struct {
	Machine  string             `json:"machine"`
	System   string             `json:"system,omitempty"` // of the installed system, in case the hardware's id cannot be read
	Packages map[string]Package `json:"packages,omitempty"`
	Files    map[string]File    `json:"files,omitempty"`
	Folders  []string           `json:"folders,omitempty"` // folders that we created for files, outermost first
	// Originals are files that were replaced, by path.
	Originals map[string]Original `json:"originals,omitempty"`
	// Looked is the version of the program that last searched for newer packages. If an
	// install could not do so, because of a full disk for example, enable does.
	Looked string `json:"looked,omitempty"`
	// Notice is why the installed version is not the newest, in words for people; enable
	// repeats it, because it does not ask the repository.
	Notice string `json:"notice,omitempty"`
}

// Package is one package of the product.
type Package struct {
	_ [0]func() // never compared: no code for == is linked

	Before string `json:"before"` // version before us; empty: we installed it and remove it
	// Kept is the file in PackagesDir from which it can be installed again without network,
	// and SHA256 is that file's hash.
	Kept        string `json:"kept,omitempty"`
	KeptVersion string `json:"keptVersion,omitempty"`
	SHA256      string `json:"sha256,omitempty"`
}

// File is a file that we wrote.
type File struct {
	_ [0]func() // never compared: no code for == is linked

	Before string `json:"before,omitempty"` // SHA-256 of the content before us; empty: there was no file
	SHA256 string `json:"sha256"`           // of what we wrote
}

// ReadReceipt reads the receipt; it is empty if there is none, or if it was written on
// another machine (a captured image starts again). A damaged one is an error: to guess what
// to remove would be worse.
func ReadReceipt(h *host.Host) (Receipt, error) {
	var r Receipt
	found, err := ReadJSON(h, receiptFile, &r)
	if err != nil {
		return fresh(h), err
	}
	system := systemID(h)
	if !found || !r.from(hardwareID(h), system) {
		return fresh(h), nil
	}
	r.System = system
	if r.Packages == nil {
		r.Packages = map[string]Package{}
	}
	if r.Files == nil {
		r.Files = map[string]File{}
	}
	return r, nil
}

// fresh is the receipt of a machine of which nothing has been written down.
func fresh(h *host.Host) Receipt {
	system := systemID(h)
	return Receipt{Machine: cmp.Or(hardwareID(h), system), System: system, Packages: map[string]Package{}, Files: map[string]File{}}
}

// replaceable is the receipt for a caller that writes another one in its place: of a
// damaged one a copy is kept, and it counts as fresh.
func replaceable(h *host.Host) (Receipt, error) {
	r, err := ReadReceipt(h)
	if err != nil {
		err = SetAside(h, err)
	}
	return r, err
}

// from reports whether a receipt was written for this machine. If the hardware's id cannot
// be read (no /sys), the system's id decides: to mistake a machine for another one would
// lose what has to be removed from it.
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

// Write writes the receipt, unless its content is unchanged.
func (r Receipt) Write(h *host.Host) error { return WriteJSON(h, receiptFile, r) }

// SetAside keeps a copy of a damaged receipt before a new one is written. why is the error of
// ReadReceipt: a receipt that could not be read, because of a disk error for example, is
// not therefore damaged; it is kept, and why is returned.
func SetAside(h *host.Host, why error) error { return setAside(h, receiptFile, why) }

// Damaged reports whether a damaged receipt was kept, so that the present one does not name
// what that one did.
func Damaged(h *host.Host) bool { return h.Exists(receiptFile + damagedSuffix) }

const damagedSuffix = ".damaged"

func setAside(h *host.Host, path string, why error) error {
	if fault.Unreadable(why) {
		return why
	}
	b, err := h.ReadFile(path, 1<<20)
	if err != nil {
		return err
	}
	_, err = h.EnsureFile(path+damagedSuffix, b, 0o600)
	return err
}
