package state

import (
	"strconv"
	"strings"

	"aadssh/internal/host"
)

// Where it is written down who owns the machine, and what setup had brought
// before an extension took it over.
const (
	ownerFile        = host.StateDir + "/owner.json"
	foundReceiptFile = host.StateDir + "/receipt.setup.json"
)

// Owner is the program that may change the machine, and remove what it brought:
// the agent's handler or setup, by version. Everybody else stands down.
type Owner struct {
	_ [0]func() // never compared: no code for == is linked

	// Setup: it is setup; else the agent's handler in the folder Dir.
	Setup   bool   `json:"setup,omitempty"`
	Handler string `json:"handler,omitempty"` // publisher and type of the agent's
	Version string `json:"version"`
	Dir     string `json:"dir,omitempty"`
	// Found: setup owned the machine when the extension came, and gets it back.
	Found *Owner `json:"found,omitempty"`
	// OtherHandler is another handler, by publisher and type, that brought the packages
	// or shares them; they are never removed by setup then.
	OtherHandler string `json:"beside,omitempty"`
	// Program is where setup was run from, for where there is no copy of it.
	Program string `json:"program,omitempty"`
}

// ReadOwner finds out who owns the machine; false where nobody does.
func ReadOwner(h *host.Host) (o Owner, found bool, err error) {
	found, err = ReadJSON(h, ownerFile, &o)
	return o, found, err
}

// Write makes o the owner; the same is not written twice.
func (o Owner) Write(h *host.Host) error { return WriteJSON(h, ownerFile, o) }

// SetAsideFor begins a new receipt for an extension that takes the machine over
// from setup: whatever setup brought was there before the extension. What an
// earlier one that was killed on the way had set aside is setup's still.
func SetAsideFor(h *host.Host) error {
	if _, err := GiveBack(h); err != nil {
		return err
	}
	old, err := ReadReceipt(h)
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

// Disown forgets which packages were there before us: whoever brought them has
// taken them away, and what is installed from now on is ours.
func Disown(h *host.Host) error {
	r, err := ReadReceipt(h)
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

// AsFound stands for the version of a package that was there before us, where
// nobody knows which one it was.
const AsFound = "found"

// GiveBack is Restore and Restored in one.
func GiveBack(h *host.Host) (bool, error) {
	found, err := Restore(h)
	if err != nil || !found {
		return false, err
	}
	return true, Restored(h)
}

// Returning says whether setup's receipt is still to be made the one that counts.
func Returning(h *host.Host) bool { return h.Exists(foundReceiptFile) }

// Restored ends the return: what was set aside is not needed any more.
func Restored(h *host.Host) error {
	_, err := h.RemoveFile(foundReceiptFile)
	return err
}

// Restore makes setup's receipt the one that counts again, with the files that
// have been kept since. It reports false where there is none. Until Restored it
// can be done again.
func Restore(h *host.Host) (bool, error) {
	var old Receipt
	found, err := ReadJSON(h, foundReceiptFile, &old)
	if err != nil || !found {
		return false, err
	}
	now, err := ReadReceipt(h)
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

// Newer reports whether version a is higher than b: numbers separated by dots,
// of which missing ones are 0 and what is no number is below every number.
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
