package state

import (
	"time"

	"aadsshlogin-handler/internal/host"
)

// handoverLife is how long a handover counts. The agent gives update and
// uninstall of an upgrade 900 and 300 seconds (waagent exthandlers.py).
const handoverLife = 20 * time.Minute

// Handover says that another version of the handler is taking the machine
// over, so the old version's uninstall must leave everything in place.
type Handover struct {
	To   string    `json:"to"`
	Boot string    `json:"boot"`
	Time time.Time `json:"time"`
}

// WriteHandover writes the handover to a version.
func WriteHandover(h *host.Host, to string, now time.Time) error {
	return WriteJSON(h, handoverFile, Handover{To: to, Boot: BootID(h), Time: now.UTC()})
}

// ReadHandover finds a handover that still counts: of this boot and not too
// old. A clock that was set back makes it stale too.
func ReadHandover(h *host.Host, now time.Time) (Handover, bool) {
	var o Handover
	found, err := ReadJSON(h, handoverFile, &o)
	if err != nil || !found || o.To == "" || o.Boot != BootID(h) {
		return Handover{}, false
	}
	if age := now.Sub(o.Time); age < 0 || age >= handoverLife {
		return Handover{}, false
	}
	return o, true
}

// EndHandover removes it: a version has begun its work. One to another version
// that was written since this run began stays: the run has outlived its time.
func EndHandover(h *host.Host, own string, began time.Time) error {
	var o Handover
	if found, err := ReadJSON(h, handoverFile, &o); err == nil && found && o.To != own && o.Boot == BootID(h) && o.Time.After(began) {
		return nil
	}
	_, err := h.RemoveFile(handoverFile)
	return err
}
