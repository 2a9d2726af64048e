//go:build rig

package signin_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// kept is the result of one machine, saved so that an interrupted run can be continued.
type kept struct {
	Before, After                                     []string
	Code                                              int
	Said, Next, Warned, Repair, Carried, Helps, Wrong string
}

// keptIn is the file for a machine's result; "" if results are not saved. RESULTS=folder
// sets the folder.
func keptIn(r *result) string {
	if dir := os.Getenv("RESULTS"); dir != "" {
		return filepath.Join(dir, r.name+"@"+r.persona+".json")
	}
	return ""
}

// load reads a result of an earlier part of the run. A wrong one is examined again.
func (r *result) load(t *testing.T) (found bool) {
	t.Helper()
	file := keptIn(r)
	if file == "" {
		return false
	}
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return false
	}
	var s kept
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.Wrong != "" {
		return false
	}
	r.before, r.after, r.code, r.said, r.next, r.warned = s.Before, s.After, s.Code, s.Said, s.Next, s.Warned
	r.repair, r.carried, r.helps, r.wrong, r.done = s.Repair, s.Carried, s.Helps, s.Wrong, true
	return true
}

func (r *result) save(t *testing.T) {
	t.Helper()
	file := keptIn(r)
	if file == "" || t.Failed() {
		return // it is examined again
	}
	text, err := json.Marshal(kept{r.before, r.after, r.code, r.said, r.next, r.warned, r.repair, r.carried, r.helps, r.wrong})
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
