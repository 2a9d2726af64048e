package state

import (
	"time"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// handoverLife is how long a handover is valid. The agent gives update and uninstall of an
// upgrade 900 and 300 seconds (waagent exthandlers.py).
const handoverLife = 20 * time.Minute

// Handover says that another version of the handler is taking the machine
// over, so the old version's uninstall must leave everything in place.
type Handover struct {
	_ [0]func() // never compared: no code for == is linked

	To   string `json:"to"`
	Boot string `json:"boot"`
	// UpFor is how long the machine had been up when it was written, by host.BootClock.
	// Only this shows its age, because the wall clock may be changed.
	UpFor time.Duration `json:"upFor"`
	Time  time.Time     `json:"time"` // for people
}

// WriteHandover records the handover to a version; upFor is the time of host.BootClock.
func WriteHandover(h *host.Host, to string, upFor time.Duration) error {
	return WriteJSON(h, handoverFile, Handover{To: to, Boot: BootID(h), UpFor: upFor, Time: time.Now().UTC()})
}

// ReadHandover returns a handover that is still valid: of this boot and not too old. upFor
// is the current time of host.BootClock. The error says why it is not known.
func ReadHandover(h *host.Host, upFor time.Duration) (Handover, bool, error) {
	var o Handover
	found, err := ReadJSON(h, handoverFile, &o)
	if fault.Unreadable(err) {
		return Handover{}, false, err
	}
	if err != nil || !found || o.To == "" || o.UpFor <= 0 || o.Boot != BootID(h) {
		return Handover{}, false, nil
	}
	if age := upFor - o.UpFor; age < 0 || age >= handoverLife {
		return Handover{}, false, nil
	}
	return o, true, nil
}

// EndHandover removes the handover when a version begins its work. A handover to another
// version that was written after this run began (by host.BootClock) stays: then this run
// has outlived its time.
func EndHandover(h *host.Host, own string, began time.Duration) error {
	var o Handover
	if found, err := ReadJSON(h, handoverFile, &o); err == nil && found && o.To != own && o.Boot == BootID(h) && o.UpFor > began {
		return nil
	}
	_, err := h.RemoveFile(handoverFile)
	return err
}
