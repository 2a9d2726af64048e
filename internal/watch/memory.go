package watch

import (
	"maps"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/status"
)

// Where the watch keeps what it cannot find out by looking.
const (
	recordFile = host.StateDir + "/watch.json"
	memoryFile = host.StateDir + "/looks.json"
)

// Record is what enable gives the watch: for which version of the extension it
// looks, and under which number it reports.
type Record struct {
	BaseDir  string `json:"baseDir"`
	Sequence int    `json:"sequence"`
	// Stateful: the agent keeps a HandlerState for this version.
	Stateful bool `json:"stateful"`
	// Made is nil where the copy was made by a version that wrote nothing of it.
	Made *made `json:"made,omitempty"`
}

// made is how the copy of the program was made. While it is so, nobody has to read
// ten megabytes twice, nor to start the copy to see that it can be.
type made struct {
	Inodes string `json:"inodes"` // of the program and of the copy, which hold the same (see copied)
	Boot   string `json:"boot"`   // in which the copy was started and ran
}

// Memory is what one look leaves for the next.
type Memory struct {
	Suspect string            `json:"suspect,omitempty"` // a failure that was seen once and may pass
	Repairs map[string]Repair `json:"repairs,omitempty"` // by cause
	// Deleted is another handler that was deleted, and the packages with it; it
	// has been seen twice.
	Deleted string `json:"deleted,omitempty"`
	// Told is the verdict that was reported last where there is no status file.
	Told *status.Report `json:"told,omitempty"`
}

// Repair is one repair that was tried.
type Repair struct {
	Time   time.Time `json:"time"`
	Code   int       `json:"code,omitempty"`
	Failed string    `json:"failed,omitempty"` // the verdict after it; "": it helped
}

// clone is a copy without what is too old to count.
func (m Memory) clone(now time.Time) Memory {
	m.Repairs = maps.Clone(m.Repairs)
	maps.DeleteFunc(m.Repairs, func(_ string, r Repair) bool {
		age := now.Sub(r.Time)
		return age >= again || age < -time.Hour // a clock that was set back
	})
	return m
}

func readRecord(h *host.Host) (r Record, found bool, err error) {
	found, err = state.ReadJSON(h, recordFile, &r)
	return r, found, err
}

func (r Record) write(h *host.Host) error { return state.WriteJSON(h, recordFile, r) }

// readMemory forgets what is damaged: it is of no use, and nothing depends on it.
func readMemory(h *host.Host) Memory {
	var m Memory
	if _, err := state.ReadJSON(h, memoryFile, &m); err != nil {
		h.Log.Warnf("what earlier looks left is unusable: %v", err)
		return Memory{}
	}
	return m
}

func (m Memory) write(h *host.Host) error {
	if m.Suspect == "" && m.Deleted == "" && len(m.Repairs) == 0 && m.Told == nil {
		_, err := h.RemoveFile(memoryFile)
		return err
	}
	return state.WriteJSON(h, memoryFile, m)
}
