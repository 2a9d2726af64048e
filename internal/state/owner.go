package state

import (
	"strconv"
	"strings"

	"aadssh/internal/host"
)

// The files that record who owns the machine, and what setup had installed before an
// extension took over.
const (
	ownerFile        = host.StateDir + "/owner.json"
	foundReceiptFile = host.StateDir + "/receipt.setup.json"
)

// Owner is the program that may change the machine and remove what it installed: the
// agent's handler or setup, by version. Every other program stands down.
type Owner struct {
	_ [0]func() // never compared: no code for == is linked

	// Setup: it is setup; otherwise the agent's handler in the folder Dir.
	Setup   bool   `json:"setup,omitempty"`
	Handler string `json:"handler,omitempty"` // publisher and type of the agent's
	Version string `json:"version"`
	Dir     string `json:"dir,omitempty"`
	// Found: setup owned the machine before the extension, and gets it back.
	Found *Owner `json:"found,omitempty"`
	// OtherHandler is another handler, by publisher and type, that installed the packages
	// or shares them; setup then never removes them.
	OtherHandler string `json:"beside,omitempty"`
	// Program is the path that setup was run from, in case there is no copy of it.
	Program string `json:"program,omitempty"`
}

// ReadOwner reads the owner of the machine; false if there is none.
func ReadOwner(h *host.Host) (o Owner, found bool, err error) {
	found, err = ReadJSON(h, ownerFile, &o)
	return o, found, err
}

// SameProgram reports whether two owners are one version of one program, in one place.
func (o Owner) SameProgram(as Owner) bool {
	return o.Setup == as.Setup && o.Handler == as.Handler && o.Version == as.Version && o.Dir == as.Dir
}

// Write records o as the owner; an unchanged record is not written.
func (o Owner) Write(h *host.Host) error { return WriteJSON(h, ownerFile, o) }

// SetAsideFor begins a new receipt for an extension that takes the machine over from setup:
// for the extension, what setup installed was there before. What an earlier, killed run had
// set aside still belongs to setup.
func SetAsideFor(h *host.Host) error {
	if _, err := GiveBack(h); err != nil {
		return err
	}
	old, err := replaceable(h)
	if err != nil {
		return err
	}
	if err := WriteJSON(h, foundReceiptFile, old); err != nil {
		return err
	}
	next := old.Clone()
	next.Folders, next.Originals = nil, nil
	for name, p := range next.Packages {
		if p.Before == "" {
			p.Before = AsFound
			next.Packages[name] = p
		}
	}
	for path, f := range next.Files {
		if f.Before == "" {
			f.Before = f.SHA256
			next.Files[path] = f
		}
	}
	return next.Write(h)
}

// Disown forgets which packages were there before us: their owner has removed them, and
// what is installed from now on is ours.
func Disown(h *host.Host) error {
	r, err := replaceable(h)
	if err != nil {
		return err
	}
	next := r.Clone()
	for name, p := range next.Packages {
		p.Before = ""
		next.Packages[name] = p
	}
	return next.Write(h)
}

// AsFound stands for the version of a package that was there before us, if that version is
// not known.
const AsFound = "found"

// GiveBack is Restore followed by Restored.
func GiveBack(h *host.Host) (bool, error) {
	found, err := Restore(h)
	if err != nil || !found {
		return false, err
	}
	return true, Restored(h)
}

// Returning reports whether setup's receipt still has to be made the current one.
func Returning(h *host.Host) bool { return h.Exists(foundReceiptFile) }

// Restored ends the return: what was set aside is no longer needed.
func Restored(h *host.Host) error {
	_, err := h.RemoveFile(foundReceiptFile)
	return err
}

// Restore makes setup's receipt the current one again, with the files that have been kept
// since. It returns false if there is none. It may be repeated until Restored. Of a damaged
// receipt a copy is kept, and what setup had installed is not known any more.
func Restore(h *host.Host) (bool, error) {
	var old Receipt
	found, err := ReadJSON(h, foundReceiptFile, &old)
	if err != nil {
		old, found, err = fresh(h), true, setAside(h, foundReceiptFile, err)
	}
	if err != nil || !found {
		return false, err
	}
	now, err := replaceable(h)
	if err != nil {
		return false, err
	}
	for name, p := range old.Packages {
		if newer, ok := now.Packages[name]; ok {
			p.Kept, p.KeptVersion, p.SHA256 = newer.Kept, newer.KeptVersion, newer.SHA256
			old.Packages[name] = p
		}
	}
	return true, old.Write(h)
}

// Newer reports whether version a is higher than b: numbers separated by dots; a missing
// number is 0, and a part that is not a number is lower than every number.
func Newer(a, b string) bool {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(left), len(right)) {
		if x, y := part(left, i), part(right, i); x != y {
			return x > y
		}
	}
	return false
}

func part(of []string, i int) int {
	if i >= len(of) {
		return 0
	}
	n, err := strconv.Atoi(of[i])
	if err != nil {
		return -1
	}
	return n
}
