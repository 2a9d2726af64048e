package watch

import (
	"maps"
	"time"

	"aadssh/internal/host"
	"aadssh/internal/state"
	"aadssh/status"
)

// The files in which the watch records what it cannot find out by checking.
const (
	recordFile = host.StateDir + "/watch.json"
	memoryFile = host.StateDir + "/looks.json"
)

// Record is what enable tells the watch: the version of the extension that it works for,
// and the sequence number of its reports.
type Record struct {
	BaseDir  string `json:"baseDir"`
	Sequence int    `json:"sequence"`
	// Stateful: the agent has a HandlerState for this version.
	Stateful bool `json:"stateful"`
	// Made is nil if the copy was made by a version that did not record it.
	Made *made `json:"made,omitempty"`
}

// made records how the copy of the program was made. As long as it matches, ten megabytes
// need not be read twice, and the copy need not be started to see that it can be.
type made struct {
	_ [0]func() // never compared: no code for == is linked

	Inodes string `json:"inodes"` // of the program and of the copy, which have the same content (see copied)
	Boot   string `json:"boot"`   // in which the copy was successfully started
}

// Memory is what one check records for the next.
type Memory struct {
	Suspect string            `json:"suspect,omitempty"` // a failure that was found once and may be temporary
	Repairs map[string]Repair `json:"repairs,omitempty"` // by cause
	// Deleted is another handler that was found deleted together with the packages, twice.
	Deleted string `json:"deleted,omitempty"`
	// Told is the verdict that was reported last, if there is no status file.
	Told *status.Report `json:"told,omitempty"`
}

// Repair is one repair that was tried.
type Repair struct {
	_ [0]func() // never compared: no code for == is linked

	Time   time.Time `json:"time"`
	Code   int       `json:"code,omitempty"`
	Failed string    `json:"failed,omitempty"` // the verdict after it; "": it helped
}

// clone is a copy without entries that are too old to count.
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

// readMemory ignores a damaged file: it is useless, and nothing depends on it.
func readMemory(h *host.Host) Memory {
	var m Memory
	if _, err := state.ReadJSON(h, memoryFile, &m); err != nil {
		h.Log.Warnf("the record of earlier checks is unusable: %v", err)
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
