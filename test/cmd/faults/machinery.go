package main

import (
	"context"
	"errors"
	"io/fs"
)

// machinery is the machine of one worker. Where the operation leaves the machine as it found
// it and all went well, the next case is run on the same machine: to start another takes
// longer than the case.
type machinery struct {
	now    *stage
	played int // number of cases on it
}

// oftenEnough is the number of cases after which such a machine is replaced, because its logs
// have become long.
const oftenEnough = 200

// stage is a machine for the next case.
func (m *machinery) stage(ctx context.Context, r reference) (*stage, error) {
	if m.now != nil {
		// These are on file systems that are empty after a boot.
		for _, path := range []string{faultsDir + "/trace", "/run/aadsshlogin-handler.lock"} {
			if err := m.now.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		return m.now, nil
	}
	s, err := r.stage(ctx)
	m.now, m.played = s, 0
	return s, err
}

// done keeps the machine of a case for the next one, or ends it.
func (m *machinery) done(r reference, o outcome) error {
	m.played++
	if r.scenario.repeats && o.good() && m.played < oftenEnough {
		return nil
	}
	return m.close()
}

// close ends the machine, if there is one.
func (m *machinery) close() error {
	s := m.now
	if m.now = nil; s == nil {
		return nil
	}
	return s.Close()
}
