package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"aadssh/test/lib/cache"
)

// results are the cases that succeeded before with the same programs, so that an interrupted
// run can be continued.
type results struct {
	mu   sync.Mutex
	file *os.File
	good map[string]bool
}

// result is one case, a line of the file.
type result struct {
	Scenario string
	Point    point
}

func (r result) key() string { return fmt.Sprintf("%s\t%+v", r.Scenario, r.Point) }

// remembered opens the file with the results of these programs.
func remembered(programs ...[]byte) (*results, error) {
	c, err := cache.Open()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	for _, p := range programs {
		sum.Write(p)
	}
	folder := filepath.Join(c.Dir, "faults")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, fmt.Sprintf("%x.jsonl", sum.Sum(nil)[:8]))
	known := &results{good: map[string]bool{}}
	b, err := os.Open(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		for lines := bufio.NewScanner(b); lines.Scan(); {
			var r result
			if json.Unmarshal(lines.Bytes(), &r) == nil { // the last line may be cut off
				known.good[r.key()] = true
			}
		}
		b.Close()
	}
	known.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	return known, err
}

// find reports whether a case has succeeded before, with its outcome.
func (k *results) find(sc scenario, p point) (outcome, bool) {
	if k == nil {
		return outcome{}, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return outcome{scenario: sc, point: p}, k.good[result{sc.String(), p}.key()]
}

// add records a case that succeeded.
func (k *results) add(o outcome) {
	if k == nil || !o.good() {
		return
	}
	line, err := json.Marshal(result{o.scenario.String(), o.point})
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	fmt.Fprintf(k.file, "%s\n", line) // a case that is not recorded is run again
}
